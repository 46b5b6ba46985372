//! What every storage does.

use std::{sync::Arc, time::Duration};

use chatops_bot::storage::{Entry, Exceeded, Limits, MAX_PAGE_BYTES, Storage, StorageError, list_all};
use serde_json::{Value, json};

use crate::kept::eventually;

/// Limits that a test reaches quickly.
pub const SMALL: Limits = Limits { key_bytes: 20, value_bytes: 100, keys: 5 };

/// One storage thrice.
pub struct Storages {
    pub bot: Arc<dyn Storage>,
    /// That of another bot.
    pub other: Arc<dyn Storage>,
    /// That of the first bot, with [`SMALL`] limits.
    pub small: Arc<dyn Storage>,
}

pub async fn keeps_the_contract(Storages { bot, other, small }: Storages) {
    a_value_is_set_read_replaced_and_deleted(&*bot).await;
    any_json_and_any_key_comes_back(&*bot).await;
    listing_is_by_prefix_and_in_the_order_of_keys(&*bot).await;
    pages_follow_each_other_without_gap(&*bot).await;
    long_values_come_back_and_end_a_page(&*bot).await;
    a_value_goes_when_its_time_has_run_out(&*bot).await;
    plugins_and_bots_do_not_see_each_other(&*bot, &*other).await;
    a_change_sees_what_is_there_and_can_remove_it(&*bot).await;
    a_hundred_who_count_lose_nothing(&bot).await;
    concurrent_writers_lose_nothing(&bot).await;
    what_is_too_much_is_refused_with_the_limit(&*small).await;
    values_whose_time_has_run_out_make_room(&*small).await;
}

async fn keys(storage: &dyn Storage, plugin: &str, prefix: &str) -> Vec<String> {
    list_all(storage, plugin, prefix).await.unwrap().into_iter().map(|entry| entry.key).collect()
}

async fn a_value_is_set_read_replaced_and_deleted(storage: &dyn Storage) {
    assert_eq!(storage.get("demo", "colour").await, Ok(None));
    assert_eq!(storage.set("demo", "colour", json!("blue"), None).await, Ok(None));
    assert_eq!(storage.get("demo", "colour").await, Ok(Some(json!("blue"))));
    assert_eq!(storage.plugins().await, Ok(vec!["demo".to_owned()]));
    assert_eq!(storage.set("demo", "colour", json!("red"), None).await, Ok(Some(json!("blue"))));
    assert_eq!(storage.delete("demo", "colour").await, Ok(true));
    assert_eq!(storage.delete("demo", "colour").await, Ok(false));
    assert_eq!(storage.get("demo", "colour").await, Ok(None));
    assert_eq!(list_all(storage, "demo", "").await, Ok(vec![]));
    assert_eq!(storage.plugins().await, Ok(vec![]));
}

async fn any_json_and_any_key_comes_back(storage: &dyn Storage) {
    let values = [
        json!(null),
        json!(true),
        json!(3.5),
        json!(-1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("two\nlines and \u{0} and \u{7f} and \u{2028}"),
        json!("žluťoučký kůň 🐎 👩‍👩‍👧"),
        json!([]),
        json!({}),
        json!({"": [1, "é", {"nested": [null, [[]]]}], "\u{0}": {"🐎": -0.0}}),
    ];
    for value in values {
        storage.set("json", "k", value.clone(), None).await.unwrap();
        assert_eq!(storage.get("json", "k").await, Ok(Some(value)));
    }
    for key in ["žluťoučký kůň 🐎", "a b", "a:b:{c}", "[", "(", "-", "+", "\n", "*", "\u{0}", "\u{10ffff}"]
    {
        storage.set("keys", key, json!(key), None).await.unwrap();
        assert_eq!(storage.get("keys", key).await, Ok(Some(json!(key))), "{key:?}");
        assert_eq!(keys(storage, "keys", key).await, [key], "{key:?}");
        assert_eq!(storage.delete("keys", key).await, Ok(true), "{key:?}");
    }
}

async fn listing_is_by_prefix_and_in_the_order_of_keys(storage: &dyn Storage) {
    for key in ["b", "a/2", "a/1", "ab", "é", "a"] {
        storage.set("list", key, json!(key), None).await.unwrap();
    }
    assert_eq!(keys(storage, "list", "").await, ["a", "a/1", "a/2", "ab", "b", "é"]);
    assert_eq!(keys(storage, "list", "a/").await, ["a/1", "a/2"]);
    assert_eq!(keys(storage, "list", "x").await, [] as [&str; 0]);
    let entry = Entry { key: "é".into(), value: json!("é"), ttl: None };
    assert_eq!(list_all(storage, "list", "é").await, Ok(vec![entry]));
}

async fn pages_follow_each_other_without_gap(storage: &dyn Storage) {
    let written = (0..25).map(|n| format!("page/{n:02}")).collect::<Vec<_>>();
    for key in written.iter().map(String::as_str).chain(["other", "pagf"]) {
        storage.set("pages", key, json!(key), None).await.unwrap();
    }
    let (mut read, mut sizes, mut after) = (Vec::new(), Vec::new(), None::<String>);
    loop {
        let page = storage.list("pages", "page/", after.as_deref(), 10).await.unwrap();
        sizes.push(page.entries.len());
        read.extend(page.entries.into_iter().map(|entry| entry.key));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((read, sizes), (written, vec![10, 10, 5]));
    let exactly = storage.list("pages", "page/", Some("page/14"), 10).await.unwrap();
    assert_eq!((exactly.entries.len(), exactly.next), (10, None));
    let before = storage.list("pages", "page/", Some("a"), 1).await.unwrap();
    assert_eq!(before.next.as_deref(), Some("page/00"), "a start before the prefix is its start");
    assert_eq!(storage.list("pages", "page/", Some("zzz"), 1).await.unwrap().entries, []);
}

async fn long_values_come_back_and_end_a_page(storage: &dyn Storage) {
    let mebibyte = json!("x".repeat(1 << 20));
    for key in ["1", "2", "3", "4", "5"] {
        storage.set("long", key, mebibyte.clone(), None).await.unwrap();
    }
    assert_eq!(storage.get("long", "3").await, Ok(Some(mebibyte.clone())));
    let page = storage.list("long", "", None, 100).await.unwrap();
    assert!(page.entries.len() * (1 << 20) <= MAX_PAGE_BYTES, "{} values", page.entries.len());
    assert_eq!(page.next.as_deref(), page.entries.last().map(|entry| entry.key.as_str()));
    assert_eq!(keys(storage, "long", "").await, ["1", "2", "3", "4", "5"]);
    let changed = storage.update("long", "1", Box::new(|before| before)).await;
    assert_eq!(changed, Ok(Some(mebibyte)));
    for key in ["1", "2", "3", "4", "5"] {
        storage.delete("long", key).await.unwrap();
    }
}

async fn a_value_goes_when_its_time_has_run_out(storage: &dyn Storage) {
    let (short, long) = (Some(Duration::from_millis(400)), Some(Duration::from_secs(1_000)));
    for key in ["changed", "short"] {
        storage.set("time", key, json!(1), short).await.unwrap();
    }
    storage.set("time", "long", json!(2), long).await.unwrap();
    storage.set("time", "kept", json!(2), short).await.unwrap();
    storage.set("time", "kept", json!(3), None).await.unwrap();
    let changed = storage.update("time", "changed", Box::new(|_| Some(json!(4)))).await;
    assert_eq!(changed, Ok(Some(json!(4))));
    eventually("it goes", async || storage.get("time", "short").await == Ok(None)).await;
    eventually("changing a value makes it stay no longer", async || {
        storage.get("time", "changed").await == Ok(None)
    })
    .await;
    let left = list_all(storage, "time", "").await.unwrap();
    let kept = Entry { key: "kept".into(), value: json!(3), ttl: None };
    assert_eq!((left.len(), &left[0]), (2, &kept));
    assert!(left[1].ttl > Some(Duration::from_secs(900)) && left[1].ttl <= long, "{:?}", left[1].ttl);
    assert_eq!(storage.set("time", "short", json!(5), None).await, Ok(None));
}

async fn plugins_and_bots_do_not_see_each_other(storage: &dyn Storage, other: &dyn Storage) {
    storage.set("one", "k", json!(1), None).await.unwrap();
    assert_eq!(storage.get("two", "k").await, Ok(None));
    assert_eq!(list_all(storage, "two", "").await, Ok(vec![]));
    assert_eq!(storage.delete("two", "k").await, Ok(false));
    assert_eq!(other.get("one", "k").await, Ok(None));
    assert_eq!(list_all(other, "one", "").await, Ok(vec![]));
    assert_eq!(other.plugins().await, Ok(vec![]));
    assert_eq!(other.set("one", "k", json!(2), None).await, Ok(None));
    assert_eq!(storage.get("one", "k").await, Ok(Some(json!(1))));
    let plugins = storage.plugins().await.unwrap();
    assert!(plugins.is_sorted() && plugins.contains(&"one".into()) && !plugins.contains(&"two".into()));
}

async fn a_change_sees_what_is_there_and_can_remove_it(storage: &dyn Storage) {
    let mut seen = Vec::new();
    let made = storage.update(
        "change",
        "k",
        Box::new(|before| {
            seen.push(before);
            Some(json!([1]))
        }),
    );
    assert_eq!(made.await, Ok(Some(json!([1]))));
    assert_eq!(seen, [None]);
    let removed = storage.update("change", "k", Box::new(|before| before.filter(|_| false)));
    assert_eq!(removed.await, Ok(None));
    assert_eq!(list_all(storage, "change", "").await, Ok(vec![]));
    assert_eq!(storage.update("change", "k", Box::new(|_| None)).await, Ok(None));
}

fn add(n: u64) -> chatops_bot::storage::Change<'static> {
    Box::new(move |before| Some(json!(before.and_then(|value| value.as_u64()).unwrap_or(0) + n)))
}

async fn a_hundred_who_count_lose_nothing(storage: &Arc<dyn Storage>) {
    let writers: Vec<_> = (1..=100)
        .map(|n| {
            let storage = storage.clone();
            tokio::spawn(async move { storage.update("count", "sum", add(n)).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(storage.get("count", "sum").await, Ok(Some(json!(5_050))));
}

/// Every write returns what another left: together the writers see each value once.
async fn concurrent_writers_lose_nothing(storage: &Arc<dyn Storage>) {
    let writers: Vec<_> = (0..50)
        .map(|n| {
            let storage = storage.clone();
            tokio::spawn(async move {
                storage.set("race", &format!("own {n:02}"), json!(n), None).await.unwrap();
                storage.set("race", "shared", json!(n), None).await.unwrap()
            })
        })
        .collect();
    let mut seen: Vec<Value> = Vec::new();
    for writer in writers {
        seen.extend(writer.await.unwrap());
    }
    seen.extend(storage.get("race", "shared").await.unwrap());
    seen.sort_by_key(Value::as_i64);
    assert_eq!(seen, (0..50).map(Value::from).collect::<Vec<_>>());
    assert_eq!(keys(&**storage, "race", "own ").await.len(), 50);
}

async fn what_is_too_much_is_refused_with_the_limit(storage: &dyn Storage) {
    let refused = |exceeded| Err(StorageError::Limit(exceeded));
    let long = "k".repeat(21);
    let key = Exceeded::Key { bytes: 21, most: 20 };
    assert_eq!(key.to_string(), "the key has 21 bytes, 20 is the most");
    assert_eq!(storage.set("small", &long, json!(1), None).await, refused(key));
    assert_eq!(storage.set("small", "", json!(1), None).await, refused(Exceeded::EmptyKey));
    assert_eq!(storage.set("a:b", "k", json!(1), None).await, refused(Exceeded::Plugin));
    let value = Exceeded::Value { bytes: 102, most: 100 };
    assert_eq!(storage.set("small", "k", json!("v".repeat(100)), None).await, refused(value));
    let grown = storage.update("small", "k", Box::new(|_| Some(json!("v".repeat(100)))));
    assert_eq!(grown.await, refused(Exceeded::Value { bytes: 102, most: 100 }));
    assert_eq!(storage.get("small", "k").await, Ok(None), "nothing was written");
    for n in 0..5 {
        storage.set("small", &format!("k{n}"), json!(n), None).await.unwrap();
    }
    assert_eq!(storage.set("small", "k5", json!(5), None).await, refused(Exceeded::Keys { most: 5 }));
    assert_eq!(storage.update("small", "k5", add(1)).await, refused(Exceeded::Keys { most: 5 }));
    assert_eq!(storage.get("small", "k5").await, Ok(None), "nothing was written");
    assert_eq!(storage.set("small", "k4", json!(6), None).await, Ok(Some(json!(4))));
    assert_eq!(storage.set("other", "k5", json!(5), None).await, Ok(None), "a limit is a plugin's own");
    storage.delete("small", "k0").await.unwrap();
    assert_eq!(storage.set("small", "k5", json!(5), None).await, Ok(None));
}

async fn values_whose_time_has_run_out_make_room(storage: &dyn Storage) {
    let short = Some(Duration::from_millis(100));
    for n in 0..5 {
        storage.set("room", &format!("k{n}"), json!(n), short).await.unwrap();
    }
    eventually("they go", async || storage.get("room", "k4").await == Ok(None)).await;
    assert_eq!(storage.set("room", "new", json!(1), None).await, Ok(None));
    assert_eq!(keys(storage, "room", "").await, ["new"]);
}
