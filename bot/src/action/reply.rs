//! Templates: Jinja syntax, strict about undefined names, bounded in time and size.

use std::{borrow::Cow, fmt, io};

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, syntax::SyntaxConfig};

/// Steps that one template may take; a loop over ten thousand values needs a tenth of it.
const FUEL: u64 = 1_000_000;

/// Longest text that a template may produce, in bytes. Slack cuts a message at 40,000 characters, and ten of them are
/// no answer any more.
const MAX_BYTES: usize = 400_000;

/// Deepest nesting of calls of macros and blocks while one template renders. Each takes stack, several times as much
/// where the compiler does not optimise.
const MAX_DEPTH: usize = 100;

/// Compiled templates, which cannot refer to each other.
pub struct Templates {
    environment: Environment<'static>,
    count: usize,
}

/// One of the [`Templates`] it was added to.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its name among the templates.
    id: String,
    /// The field it stands in, as in `store.set.key`.
    field: &'static str,
}

/// A template that does not parse, or that cannot be rendered with the values it got.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}, line {line}: {error}")]
pub struct TemplateError {
    /// The field it stands in, as in `store.set.key`.
    pub field: &'static str,
    /// Line of the template, from 1.
    pub line: usize,
    /// What the template engine says.
    pub error: String,
}

impl Templates {
    pub fn new() -> Templates {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(MAX_DEPTH);
        // No template is called "", so that none includes another plugin's.
        environment.set_path_join_callback(|_, _| Cow::Borrowed(""));
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            environment.set_syntax(syntax);
        }
        Templates { environment, count: 0 }
    }

    /// Compiles `source`, the template of `field`.
    ///
    /// # Errors
    /// [`TemplateError`] when it does not parse.
    pub fn add(&mut self, field: &'static str, source: &str) -> Result<Template, TemplateError> {
        let id = self.count.to_string();
        let added = self.environment.add_template_owned(id.clone(), source.to_owned());
        added.map_err(|error| TemplateError::new(field, &error))?;
        self.count += 1;
        Ok(Template { id, field })
    }

    /// What `template` says with `context`.
    ///
    /// # Errors
    /// [`TemplateError`], for instance where a name is undefined or the text gets too long.
    pub fn render(&self, template: &Template, context: Value) -> Result<String, TemplateError> {
        let mut text = Bounded(Vec::new());
        let rendered = self
            .environment
            .get_template(&template.id)
            .and_then(|compiled| compiled.render_captured_to(context, &mut text).map(drop));
        match rendered {
            Ok(()) => Ok(String::from_utf8_lossy(&text.0).into_owned()),
            Err(error) => Err(TemplateError::new(template.field, &error)),
        }
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").field("count", &self.count).finish()
    }
}

impl TemplateError {
    /// The engine's error without the name that the template has in here.
    fn new(field: &'static str, error: &minijinja::Error) -> TemplateError {
        let message = match (error.kind(), error.detail()) {
            (ErrorKind::OutOfFuel, _) => "takes too many steps".into(),
            (ErrorKind::WriteFailure, _) => format!("the text is longer than {MAX_BYTES} bytes"),
            (kind, Some(detail)) => format!("{kind}: {detail}"),
            (kind, None) => kind.to_string(),
        };
        TemplateError { field, line: error.line().unwrap_or(1), error: message }
    }
}

/// Takes [`MAX_BYTES`].
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_BYTES {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn render(source: &str, context: Value) -> Result<String, String> {
        let mut templates = Templates::new();
        let template = templates.add("reply", source).map_err(|fault| fault.to_string())?;
        templates.render(&template, context).map_err(|error| error.to_string())
    }

    #[test]
    fn an_undefined_result_can_be_asked_for_and_replaced_but_not_printed() {
        let nothing = || context! { result => Value::UNDEFINED };
        assert_eq!(render("{{ result | default('none') }}", nothing()), Ok("none".into()));
        assert_eq!(
            render("{% if result is defined %}yes{% else %}no{% endif %}", nothing()),
            Ok("no".into())
        );
        let error = render("{{ result }}", nothing()).unwrap_err();
        assert!(error.starts_with("reply, line 1: undefined value"), "{error}");
    }

    #[test]
    fn a_template_that_does_not_parse_says_where() {
        let error = render("fine\n{{ user.", Value::UNDEFINED).unwrap_err();
        assert!(error.starts_with("reply, line 2: syntax error: "), "{error}");
    }

    #[test]
    fn blocks_on_lines_of_their_own_leave_no_blank_lines() {
        let source = "{% for n in list %}\n  {% if n %}\n{{ n }}\n  {% endif %}\n{% endfor %}";
        assert_eq!(render(source, context! { list => vec![1, 2] }), Ok("1\n2\n".into()));
    }

    #[test]
    fn values_are_not_escaped() {
        assert_eq!(render("{{ x }}", context! { x => "<b> & 'c'" }), Ok("<b> & 'c'".into()));
    }

    #[test]
    fn time_and_size_are_bounded() {
        let endless = "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}";
        assert_eq!(render(endless, Value::UNDEFINED), Err("reply, line 1: takes too many steps".into()));
        let long = "{% for i in range(9999) %}{{ 'x' * 100 }}{% endfor %}";
        assert_eq!(
            render(long, Value::UNDEFINED),
            Err("reply, line 1: the text is longer than 400000 bytes".into())
        );
    }

    #[test]
    fn what_calls_itself_ends_before_the_stack_does() {
        let block = "{% block a %}{{ self.a() }}{% endblock %}";
        let error = "reply, line 1: invalid operation: recursion limit exceeded";
        assert_eq!(render(block, Value::UNDEFINED), Err(error.into()));
    }

    #[test]
    fn a_template_cannot_include_another() {
        let mut templates = Templates::new();
        templates.add("reply", "of another plugin").unwrap();
        let template = templates.add("reply", "{% include '0' %}").unwrap();
        assert!(templates.render(&template, Value::UNDEFINED).is_err());
    }
}
