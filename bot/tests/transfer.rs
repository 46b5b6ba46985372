//! What goes into a file comes out of it the same, and an interruption anywhere costs time only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use chatops_bot::{
    storage::{Limits, Memory, Storage, StorageError},
    transfer::{
        Carried, Carrier, Header, Item, Reader, Record, Records, Walk, count, export, purge, resume, verify,
    },
};
use futures::future::BoxFuture;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The values of a file.
struct Lines<'a>(Reader<&'a [u8]>);

impl Records for Lines<'_> {
    type Error = StorageError;

    fn next(&mut self) -> BoxFuture<'_, Result<Option<Record>, StorageError>> {
        Box::pin(async { Ok(self.0.read().unwrap()) })
    }
}

fn lines(file: &[u8]) -> Lines<'_> {
    Lines(Reader::open(file).unwrap())
}

async fn filled<'a>(values: impl IntoIterator<Item = (&'a str, &'a str, Value)>) -> Memory {
    let memory = Memory::new();
    for (plugin, key, value) in values {
        memory.set(plugin, key, value, None).await.unwrap();
    }
    memory
}

async fn some() -> Memory {
    filled([("demo", "a", json!({"b": [1]})), ("demo", "é\n", json!(null)), ("other", "a", json!("x"))]).await
}

fn header() -> Header {
    Header::new("ops", Some("prod/ops".into()))
}

async fn file_of(storage: &dyn Storage) -> Vec<u8> {
    let (exported, file) = export(storage, &header(), Vec::new(), || {}).await.unwrap();
    assert_eq!(exported.read_back, exported.written);
    file
}

async fn all(storage: &dyn Storage) -> Vec<Record> {
    let mut walk = Walk::start(storage, None).await.unwrap();
    let mut records = Vec::new();
    while let Some(record) = walk.step().await.unwrap() {
        records.push(record);
    }
    records
}

async fn import(file: &[u8], target: &dyn Storage) -> Carried {
    Carrier { target, overwrite: false, dry_run: false }.carry(&mut lines(file), || {}).await.unwrap()
}

#[tokio::test]
async fn what_was_exported_is_there_after_an_import_and_importing_again_changes_nothing() {
    let (source, target) = (some().await, Memory::new());
    let file = file_of(&source).await;
    let carried = import(&file, &target).await;
    assert_eq!(carried, Carried { written: 3, ..Carried::default() });
    assert_eq!(all(&target).await, all(&source).await);
    assert_eq!(import(&file, &target).await, Carried { same: 3, ..Carried::default() });
    assert_eq!(file_of(&target).await, file);
    let (digest, wrong) = verify(&target, &mut lines(&file), &carried, || {}).await.unwrap();
    assert_eq!((digest.values, wrong), (3, vec![]));
    let trailer: Value = serde_json::from_slice(file.split(|byte| *byte == b'\n').nth(4).unwrap()).unwrap();
    assert_eq!(trailer, json!({"values": 3, "sha256": digest.sha256()}));
}

#[tokio::test]
async fn a_value_that_differs_stays_and_is_told_unless_it_may_be_replaced() {
    let source = some().await;
    let target = filled([("demo", "a", json!("mine"))]).await;
    let file = file_of(&source).await;
    let carried = import(&file, &target).await;
    let item = Item { plugin: "demo".into(), key: "a".into(), reason: "another value is there".into() };
    assert_eq!(carried, Carried { written: 2, conflicts: vec![item], ..Carried::default() });
    assert_eq!(target.get("demo", "a").await, Ok(Some(json!("mine"))));
    let (digest, wrong) = verify(&target, &mut lines(&file), &carried, || {}).await.unwrap();
    assert_eq!((digest.values, wrong), (2, vec![]));

    let overwriting = Carrier { target: &target, overwrite: true, dry_run: false };
    let carried = overwriting.carry(&mut lines(&file), || {}).await.unwrap();
    assert_eq!(carried, Carried { written: 1, replaced: 1, same: 2, ..Carried::default() });
    assert_eq!(all(&target).await, all(&source).await);
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let (source, target) = (some().await, filled([("demo", "a", json!("mine"))]).await);
    let carrier = Carrier { target: &target, overwrite: false, dry_run: true };
    let carried = carrier.carry(&mut Walk::start(&source, None).await.unwrap(), || {}).await.unwrap();
    assert_eq!((carried.written, carried.conflicts.len(), carried.total()), (2, 1, 3));
    assert_eq!(all(&target).await.len(), 1);
}

#[tokio::test]
async fn what_the_storage_does_not_take_is_told_and_the_others_come_over() {
    let source = some().await;
    let target = Memory::with_limits(Limits { value_bytes: 4, ..Limits::default() });
    let carried = import(&file_of(&source).await, &target).await;
    assert_eq!(carried.written, 2);
    let refused: Vec<_> = carried.refused.iter().map(|item| item.reason.as_str()).collect();
    assert_eq!(refused, ["the value has 9 bytes as JSON, 4 is the most"]);
}

#[tokio::test]
async fn a_change_behind_the_back_is_found_when_it_is_read_back() {
    let (file, target) = (file_of(&some().await).await, Memory::new());
    let carried = import(&file, &target).await;
    target.set("demo", "a", json!("changed"), None).await.unwrap();
    target.delete("other", "a").await.unwrap();
    let (_, wrong) = verify(&target, &mut lines(&file), &carried, || {}).await.unwrap();
    let reasons: Vec<_> = wrong.iter().map(|item| (item.plugin.as_str(), item.reason.as_str())).collect();
    let expected =
        [("demo", "it changed since it was written"), ("other", "it is gone since it was written")];
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn the_time_that_is_left_goes_along() {
    let (source, target) = (Memory::new(), Memory::new());
    source.set("demo", "short", json!(1), Some(Duration::from_secs(600))).await.unwrap();
    import(&file_of(&source).await, &target).await;
    let page = target.list("demo", "", None, 10).await.unwrap();
    let left = page.entries[0].ttl.unwrap().as_secs();
    assert!((500..=600).contains(&left), "{left}");
}

/// Resumes the export into the first `length` bytes of `whole`, in `folder`.
async fn resumed(folder: &Path, whole: &[u8], length: usize, source: &dyn Storage) -> Vec<u8> {
    let path = folder.join("export");
    fs::write(&path, &whole[..length]).unwrap();
    let resumed = resume(&path, &header()).unwrap();
    assert_eq!(resumed.is_complete, length == whole.len(), "{length}");
    let exported = resumed.export(source, || {}).await.unwrap();
    assert_eq!(exported.read_back, exported.written, "{length}");
    fs::read(&path).unwrap()
}

#[tokio::test]
async fn an_export_that_was_interrupted_anywhere_goes_on_to_the_same_file() {
    let source = some().await;
    let whole = file_of(&source).await;
    let folder = tempfile::tempdir().unwrap();
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in header..=whole.len() {
        assert_eq!(resumed(folder.path(), &whole, length, &source).await, whole, "{length}");
    }
}

#[tokio::test]
async fn a_value_that_changed_behind_an_interrupted_export_is_noticed() {
    let source = some().await;
    let whole = file_of(&source).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export");
    fs::write(&path, &whole[..whole.len() - 40]).unwrap();
    source.set("demo", "a", json!("new"), None).await.unwrap();
    let exported = resume(&path, &header()).unwrap().export(&source, || {}).await.unwrap();
    assert_ne!(exported.read_back, exported.written);
}

#[tokio::test]
async fn the_file_of_another_bot_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export");
    fs::write(&path, file_of(&some().await).await).unwrap();
    let other = Header::new("ops", Some("prod/other".into()));
    let error = resume(&path, &other).unwrap_err().to_string();
    assert_eq!(error, "the file is of bot \"prod/ops\", not of \"prod/other\": name another file");
}

#[tokio::test]
async fn purging_removes_everything() {
    let storage = some().await;
    let expected = BTreeMap::from([("demo".to_owned(), 2), ("other".to_owned(), 1)]);
    assert_eq!(count(&storage, || {}).await.unwrap(), expected);
    assert_eq!(purge(&storage, || {}).await.unwrap(), expected);
    assert_eq!(count(&storage, || {}).await.unwrap(), BTreeMap::new());
}

#[tokio::test]
async fn more_values_than_a_page_has_are_all_walked_over() {
    let storage = Memory::new();
    for index in 0..2_500 {
        storage.set("many", &format!("{index:05}"), json!(index), None).await.unwrap();
    }
    let values: Vec<_> = all(&storage).await.into_iter().map(|record| record.value).collect();
    assert_eq!(values, (0..2_500).map(Value::from).collect::<Vec<_>>());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn any_values() -> impl Strategy<Value = BTreeMap<(String, String), Value>> {
    prop::collection::btree_map(("[a-z]{1,3}", "(?s).{1,9}"), any_json(), 0..20)
}

proptest! {
    #[test]
    fn any_values_come_out_of_a_file_as_they_went_in(values in any_values(), cut in 0.0..1.0_f64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (source, target) = (Memory::new(), Memory::new());
            for ((plugin, key), value) in &values {
                source.set(plugin, key, value.clone(), None).await.unwrap();
            }
            let whole = file_of(&source).await;
            import(&whole, &target).await;
            let there: BTreeMap<_, _> =
                all(&target).await.into_iter().map(|record| ((record.plugin, record.key), record.value)).collect();
            assert_eq!(there, values);

            let folder = tempfile::tempdir().unwrap();
            let start = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a small file")]
            let length = start + ((whole.len() - start) as f64 * cut) as usize;
            assert_eq!(resumed(folder.path(), &whole, length, &source).await, whole);
        });
    }
}
