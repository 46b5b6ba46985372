//! `chatops-bot dev` and the pod give the same answers.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::support::{in_a_world, shared};

/// What is typed. Identity, uptime and status differ by nature and are left out.
const CONVERSATION: &[&str] = &[
    "!help",
    "!help democmd",
    "!help democmd add",
    "!help nonsense",
    "!apropos value",
    "!plugins",
    "!democmd add colour blue",
    "!democmd get colour",
    "!democmd_get colour",
    "!DemoCmd GET colour",
    "!democmd add text it's \"all\" one   text",
    "!democmd get text",
    "!democmd get nothing",
    "!democmd list",
    "!democmd add",
    "!democmd delete colour",
    "!democmd get colour",
    "!demcmd add x y",
    "!nonsense",
    "!echo don't <b>worry</b> & be happy",
    "!ping",
];

/// Below an answer in Slack, where the terminal has no buttons.
const BUTTON: &str = "[Fill in what is missing]";

fn in_the_terminal() -> Vec<String> {
    let mut dev = Command::new(shared::program("chatops-bot"))
        .args(["dev", "-f", &shared::repository("manifests/samples/democmd.yaml")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("chatops-bot dev starts");
    let mut lines = dev.stdin.take().expect("a pipe");
    for line in CONVERSATION {
        writeln!(lines, "{line}").expect("the line is typed");
    }
    drop(lines);
    let output = dev.wait_with_output().expect("chatops-bot dev ends");
    assert!(output.status.success());
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_piped_a_conversation_answers_as_the_pod_does() {
    in_a_world(|world| async move {
        world.apply_shipped("-f", "manifests/samples/democmd.yaml").await;
        world.ready_bot(json!({})).await;
        world.answers("!democmd get warm", "warm not found").await;
        let mut in_the_pod = Vec::new();
        for line in CONVERSATION {
            in_the_pod
                .extend(world.ask(line).await.lines().filter(|line| *line != BUTTON).map(str::to_owned));
        }
        assert_eq!(in_the_terminal(), in_the_pod);
    })
    .await;
}
