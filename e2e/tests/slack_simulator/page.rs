//! What the page at `/` is made of and what it asks for; `tests/page` opens it in a browser.

use std::time::Duration;

use anyhow::Context as _;
use chatops_e2e::slack::{Simulator, View};
use serde_json::{Value, json};

use crate::app::{App, DEADLINE};

struct Page {
    app: App,
    base: String,
}

impl Page {
    fn of(slack: &Simulator) -> anyhow::Result<Self> {
        Ok(Self { app: App::of(slack)?, base: format!("http://{}", slack.address()) })
    }

    async fn look(&self, user: &str, cursor: &str, wait: Duration) -> anyhow::Result<View> {
        let query = [("user", user), ("cursor", cursor), ("wait_millis", &wait.as_millis().to_string())];
        let request = self.app.http.get(format!("{}/control/view", self.base)).query(&query);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

fn texts(view: &View) -> Vec<&str> {
    view.messages.iter().map(|message| message.text.as_str()).collect()
}

#[tokio::test]
async fn the_page_and_all_it_loads_come_from_the_program_and_may_load_nothing_else() -> anyhow::Result<()> {
    let slack = Simulator::builder().start().await?;
    let page = Page::of(&slack)?;
    let get = async |path: &str| page.app.http.get(format!("{}/{path}", page.base)).send().await;
    let index = get("").await?;
    let policy = index.headers()["content-security-policy"].to_str()?.to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    let index = index.text().await?;
    assert!(!index.contains("://"), "it names another host: {index}");
    for (path, kind) in [
        ("page/page.js", "text/javascript"),
        ("page/mrkdwn.js", "text/javascript"),
        ("page/style.css", "text/css"),
    ] {
        let file = get(path).await?.error_for_status()?;
        assert!(file.headers()["content-type"].to_str()?.starts_with(kind), "{path}");
        assert!(!file.text().await?.contains("innerHTML"), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_person_sees_everything_first_and_then_what_changed() -> anyhow::Result<()> {
    let slack = Simulator::builder().rate_limits(false).start().await?;
    let page = Page::of(&slack)?;
    let hello = slack.user("bob").types("#general", "hello").await?;
    let first = page.look("alice", "", Duration::ZERO).await?;
    assert!(first.complete);
    assert_eq!(texts(&first), ["hello"]);
    assert!(!page.look("alice", &first.cursor, Duration::ZERO).await?.has_news("", ""));

    slack.user("bob").edits(&hello, "hello all").await?;
    slack.user("carol").reacts(&hello, "wave").await?;
    let bye = slack.user("bob").types("#general", "bye").await?;
    let second = page.look("alice", &first.cursor, Duration::ZERO).await?;
    assert!(!second.complete);
    assert_eq!(texts(&second), ["hello all", "bye"]);
    assert_eq!(second.messages[0].reactions[0].name, "wave");

    slack.user("bob").deletes(&bye).await?;
    let third = page.look("alice", &second.cursor, Duration::ZERO).await?;
    assert!(third.messages.is_empty());
    assert_eq!(third.gone.iter().map(|gone| gone.ts).collect::<Vec<_>>(), [bye.ts]);
    Ok(())
}

#[tokio::test]
async fn a_look_waits_for_what_this_person_can_see() -> anyhow::Result<()> {
    let slack = Simulator::builder().rate_limits(false).start().await?;
    let page = Page::of(&slack)?;
    let before = page.look("gus", "", Duration::ZERO).await?;
    let channels: Vec<_> = before.workspace.channels.iter().map(|channel| channel.name.as_str()).collect();
    assert!(channels.contains(&"general") && channels.contains(&"") && !channels.contains(&"random"));

    let act = async {
        slack.user("alice").types("#random", "gus is not here").await?;
        slack.user("alice").direct_message("nor here").await?;
        let general = before.workspace.channels.iter().find(|channel| channel.name == "general");
        let general = general.context("#general")?.id.clone();
        for user in ["alice", "gus"] {
            let user = before.workspace.users.iter().find(|known| known.name == user).context("a user")?;
            let whisper =
                json!({ "channel": general, "user": user.id, "text": format!("psst {}", user.name) });
            let answer: Value = page.app.call("chat.postEphemeral", whisper).await?;
            anyhow::ensure!(answer["ok"] == true, "{answer}");
        }
        Ok(())
    };
    let (seen, acted) = tokio::join!(page.look("gus", &before.cursor, DEADLINE), act);
    acted?;
    let seen = seen?;
    assert_eq!(texts(&seen), ["psst gus"]);
    assert_eq!(
        seen.messages[0].visible_to.as_ref(),
        before.workspace.users.iter().find(|user| user.name == "gus").map(|user| &user.id)
    );
    Ok(())
}

#[tokio::test]
async fn a_cursor_of_another_simulator_or_a_forgotten_one_gives_everything() -> anyhow::Result<()> {
    let slack = Simulator::builder().rate_limits(false).retention(3).start().await?;
    let page = Page::of(&slack)?;
    let start = page.look("alice", "", Duration::ZERO).await?.cursor;
    for text in ["one", "two", "three", "four"] {
        slack.user("bob").types("#general", text).await?;
    }
    let forgotten = page.look("alice", &start, Duration::ZERO).await?;
    assert!(forgotten.complete);
    assert_eq!(texts(&forgotten), ["two", "three", "four"]);

    let other = Simulator::builder().start().await?;
    let other = Page::of(&other)?.look("alice", &forgotten.cursor, DEADLINE).await?;
    assert!(other.complete && other.messages.is_empty());
    Ok(())
}

#[tokio::test]
async fn nobody_looks_as_a_bot_or_as_somebody_who_is_not_there() -> anyhow::Result<()> {
    let slack = Simulator::builder().start().await?;
    let page = Page::of(&slack)?;
    for user in ["ci", "ops", "nobody"] {
        assert!(page.look(user, "", DEADLINE).await.is_err(), "{user}");
    }
    Ok(())
}
