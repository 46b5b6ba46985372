//! Templates: Jinja syntax, strict about undefined names, bounded in time and size.

use std::{borrow::Cow, fmt, io};

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, syntax::SyntaxConfig};

use super::{filters, markdown, sample::Sample};
use crate::chat::text::without_markdown;

/// What one template may use up. A step takes one, and so do 64 bytes of any text or list that it makes: that is 19 MB at
/// most. A loop over ten thousand values needs a third of it.
const FUEL: u64 = 300_000;

/// Longest text that a template may produce, in bytes. Slack cuts a message at 40,000 characters, and ten of them are
/// no answer any more.
const MAX_BYTES: usize = 400_000;

/// Deepest nesting of calls of macros and blocks while one template renders. Each takes stack, several times as much
/// where the compiler does not optimise.
const MAX_DEPTH: usize = 100;

/// The field whose text is for people, and Markdown.
const REPLY: &str = "reply";

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
        environment.set_auto_escape_callback(|id| match id.strip_prefix(REPLY) {
            Some(_) => markdown::escape(),
            None => AutoEscape::None,
        });
        environment.set_formatter(markdown::format);
        environment.set_fuel(Some(FUEL));
        filters::add(&mut environment);
        environment.set_recursion_limit(MAX_DEPTH);
        // No template is called "", so that none includes another plugin's.
        environment.set_path_join_callback(|_, _| Cow::Borrowed(""));
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            environment.set_syntax(syntax);
        }
        Templates { environment, count: 0 }
    }

    /// Compiles `source`, the template of `field`, and tries it out with `sample`.
    ///
    /// # Errors
    /// [`TemplateError`] when it does not parse, or speaks of something that does not exist.
    pub(super) fn add(
        &mut self,
        field: &'static str,
        source: &str,
        sample: &Sample,
    ) -> Result<Template, TemplateError> {
        let id = format!("{field} {}", self.count);
        let added = self.environment.add_template_owned(id.clone(), source.to_owned());
        added.map_err(|error| TemplateError::new(field, &error))?;
        self.count += 1;
        let template = Template { id, field };
        self.try_out(&template, source, sample)?;
        Ok(template)
    }

    fn try_out(&self, template: &Template, source: &str, sample: &Sample) -> Result<(), TemplateError> {
        let compiled = self.environment.get_template(&template.id);
        let compiled = compiled.map_err(|error| TemplateError::new(template.field, &error))?;
        let is_global = |name: &str| self.environment.globals().any(|(global, _)| global == name);
        let mut names: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
        names.sort();
        for path in names.iter().filter(|path| !is_assigned(path, source)) {
            if let Some(error) = sample.mistake(path, is_global) {
                let last = path.rsplit('.').next().unwrap_or_default();
                let line = source.lines().position(|line| line.contains(last)).unwrap_or_default() + 1;
                return Err(TemplateError { field: template.field, line, error });
            }
        }
        let tried = compiled.render_captured_to(sample.values(), &mut Bounded(Vec::new()));
        match tried {
            // With other values it may well work.
            Ok(_) => Ok(()),
            Err(error) if !is_mistake(error.kind()) => Ok(()),
            Err(error) => Err(TemplateError::new(template.field, &error)),
        }
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
            Ok(()) => {
                let text = String::from_utf8_lossy(&text.0).into_owned();
                Ok(if template.field == REPLY { markdown::marked(&text) } else { without_markdown(&text) })
            }
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
            (ErrorKind::OutOfFuel, _) => "takes too many steps, or too much memory".into(),
            (ErrorKind::WriteFailure, _) => format!("the text is longer than {MAX_BYTES} bytes"),
            (kind, Some(detail)) => format!("{kind}: {detail}"),
            (kind, None) => kind.to_string(),
        };
        TemplateError { field, line: error.line().unwrap_or(1), error: message }
    }
}

/// Whether the template gives the first name of `path` a value itself, in a block that the engine's list of names takes for
/// closed although it is not.
fn is_assigned(path: &str, source: &str) -> bool {
    let name = path.split('.').next().unwrap_or_default();
    let mut blocks = source.split("{%").skip(1).filter_map(|rest| rest.split("%}").next());
    blocks.any(|block| {
        block.trim_start_matches(['-', '+', ' ', '\n']).starts_with("set") && block.contains(name)
    })
}

/// It goes wrong with any values.
fn is_mistake(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
    )
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

    /// A command whose arguments tests of templates speak of.
    fn sample() -> Sample {
        let command = r"{name: x, args: [{name: x}, {name: list, repeated: true}], store: {get: {key: x}}}";
        Sample::of_command(&serde_yaml::from_str(command).unwrap())
    }

    fn add(source: &str) -> Result<(Templates, Template), String> {
        let mut templates = Templates::new();
        let template = templates.add("reply", source, &sample()).map_err(|fault| fault.to_string())?;
        Ok((templates, template))
    }

    fn render(source: &str, context: Value) -> Result<String, String> {
        let (templates, template) = add(source)?;
        templates.render(&template, context).map_err(|error| error.to_string())
    }

    #[test]
    fn what_goes_wrong_with_any_values_is_found_when_it_is_added() {
        let refused = |source: &str| add(source).map(drop).unwrap_err();
        for (source, error) in [
            ("{{ args.y }}", r#"reply, line 1: "args.y" is not known; args has x, list"#),
            (
                "fine\n{{ user.email }}",
                r#"reply, line 2: "user.email" is not known; user has id, name, mention"#,
            ),
            ("{{ name }}", r#"reply, line 1: "name" is not known; known are args, bot, channel, user"#),
            ("{{ args.x | shout }}", "reply, line 1: unknown filter: filter shout is unknown"),
        ] {
            assert_eq!(refused(source), error, "{source}");
        }
        for source in [
            "{{ args.x.a.b }}{% for x in args.list %}{{ loop.index }}{{ x.y }}{% endfor %}",
            "{{ result.anything }}{% set y = 1 %}{{ y }}{% for i in range(3) %}{{ i }}{% endfor %}",
            "{{ args.x | bytes }}",
            "{% if args.x %}{% set n = 2 %}{% else %}{%- set n = 1 %}{% endif %}{{ n }}",
        ] {
            assert!(add(source).is_ok(), "{source}");
        }
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
        let source = "{% for n in args.list %}\n  {% if n %}\n{{ n }}\n  {% endif %}\n{% endfor %}";
        assert_eq!(render(source, context! { args => context! { list => vec![1, 2] } }), Ok("1\n2\n".into()));
    }

    #[test]
    fn values_are_not_escaped() {
        assert_eq!(
            render("{{ args.x }}", context! { args => context! { x => "<b> & 'c'" } }),
            Ok("<b> & 'c'".into())
        );
    }

    #[test]
    fn time_and_size_are_bounded() {
        let endless = "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}";
        assert_eq!(
            render(endless, Value::UNDEFINED),
            Err("reply, line 1: takes too many steps, or too much memory".into())
        );
        let long = "{% for i in range(9999) %}{{ 'x' * 100 }}{% endfor %}";
        assert_eq!(
            render(long, Value::UNDEFINED),
            Err("reply, line 1: the text is longer than 400000 bytes".into())
        );
    }

    #[test]
    fn what_is_made_on_the_way_is_bounded_too() {
        let doubled =
            "{% set ns = namespace(x='x') %}{% for i in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}";
        for source in [doubled, "{{ ('x' * 90000) | replace('x', 'y' * 90000) | length }}"] {
            let error = render(source, Value::UNDEFINED).unwrap_err();
            assert!(error.ends_with("takes too many steps, or too much memory"), "{source}: {error}");
        }
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
        templates.add("reply", "of another plugin", &sample()).unwrap();
        let template = templates.add("reply", "{% include '0' %}", &sample()).unwrap();
        assert!(templates.render(&template, Value::UNDEFINED).is_err());
    }
}
