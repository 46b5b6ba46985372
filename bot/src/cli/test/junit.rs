//! What transcripts came to as JUnit's XML, which CI systems show: a suite a transcript, a case a typed line.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::outcome::Outcome;

/// The XML for `outcomes`.
pub(super) fn render(outcomes: &[Outcome]) -> Result<String, SerializeError> {
    let mut report = Report::new("chatops-bot test");
    report.add_test_suites(outcomes.iter().map(suite));
    report.to_string()
}

fn suite(outcome: &Outcome) -> TestSuite {
    let transcript = &outcome.transcript;
    let mut suite = TestSuite::new(&*transcript.name);
    for (number, step) in transcript.steps.iter().enumerate() {
        let compared = outcome.lines.get(number);
        let status = match compared {
            None => {
                let mut status = TestCaseStatus::skipped();
                status.set_message("not typed, since a line before it was not answered");
                status
            }
            Some(compared) if compared.is_as_expected() => TestCaseStatus::success(),
            Some(_) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message("the answer is not the one that is expected");
                status.set_description(outcome.diff(number..number + 1));
                status
            }
        };
        let typed = transcript.text.lines().nth(step.lines.start).unwrap_or_default();
        let mut case = TestCase::new(format!("{}: {typed}", step.lines.start + 1), status);
        case.set_classname(&*transcript.name);
        if let Some(compared) = compared {
            case.set_time(compared.took);
        }
        suite.add_test_case(case);
    }
    suite
}
