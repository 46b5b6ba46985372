//! A problem, shown with its file, its line and a caret under the place.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::files::SourceFile;

/// A problem at a place.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub verdict: Verdict,
    pub message: String,
    pub(super) file: SourceFile,
    /// In bytes of the file.
    pub(super) span: Range<usize>,
}

/// What a problem means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The API server would refuse the object.
    Refused,
    /// The object can be applied, but something in it will not work. The rest will.
    AtFault,
}

impl Diagnostic {
    /// A problem at `span` of `text`, which stands in the file `name`.
    pub fn new(name: &str, text: &str, span: Range<usize>, message: String) -> Diagnostic {
        let file = SourceFile { index: 0, name: name.into(), text: text.into() };
        Diagnostic { verdict: Verdict::Refused, message, file, span }
    }

    /// What puts problems into the order of files and lines.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.file.index, self.span.start)
    }

    /// As text; `styled` for a terminal.
    pub fn render(&self, styled: bool) -> String {
        let text: &str = &self.file.text;
        let start = floor(text, self.span.start);
        let end = floor(text, self.span.end).max(start);
        // A caret under the first line says enough, and the line end is no part of it.
        let line_end = text[start..end].find('\n').map_or(end, |n| start + n);
        let snippet = Snippet::source(text)
            .path(&*self.file.name)
            .annotation(AnnotationKind::Primary.span(start..line_end));
        let report = &[Level::ERROR.primary_title(&self.message).element(snippet)];
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        renderer.render(report)
    }
}

/// The last place in `text` up to `at` where a character starts or the text ends.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default()
}
