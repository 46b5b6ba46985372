//! Files: the upload in three steps (URL, content, completion), `files.info`, and the download.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{FromRequest, Multipart, Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Answer, Call, conversations::visible, error::ApiError};
use crate::slack::{
    ids::{self, Ts},
    journal::Action,
    markup,
    message::{File, Message},
    shared::Shared,
    world::{StoredFile, World},
};

/// `files.getUploadURLExternal`
pub(crate) fn get_upload_url(world: &mut World, call: &Call) -> Answer {
    let name = call.arguments.required("filename")?.to_owned();
    let size = call.arguments.number("length").filter(|length| *length > 0);
    let size = size.ok_or_else(|| ApiError::invalid_arguments("missing required field: length"))?;
    let (id, secret) = (ids::object("F"), ids::secret(40));
    let file = File {
        id: id.clone(),
        title: name.clone(),
        name,
        size,
        user: world.workspace.app.user_id.clone(),
        created: Ts::after(Ts::ZERO).seconds(),
    };
    world.expect_file(StoredFile { file, upload_secret: secret.clone(), content: None });
    Ok(json!({ "upload_url": format!("{}/upload/v1/{id}/{secret}", call.origin.files), "file_id": id }))
}

/// `POST /upload/v1/…`: the content, raw or as a form's file field.
pub(crate) async fn upload(
    State(shared): State<Arc<Shared>>,
    Path((id, secret)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(content) = content(request).await else {
        return (StatusCode::BAD_REQUEST, "no content").into_response();
    };
    shared.change(|world| {
        let Some(stored) = world.files.get_mut(&id).filter(|stored| stored.upload_secret == secret) else {
            return (StatusCode::NOT_FOUND, "no such upload").into_response();
        };
        stored.file.size = content.len();
        stored.content = Some(content.clone());
        let file = stored.file.clone();
        let answer = format!("OK - {}", file.size);
        world.journal.record(true, Action::FileUploaded { file });
        answer.into_response()
    })
}

async fn content(request: Request) -> Option<Bytes> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|value| value.starts_with("multipart/form-data")) {
        return Bytes::from_request(request, &()).await.ok();
    }
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    while let Some(field) = form.next_field().await.ok()? {
        if field.file_name().is_some() || matches!(field.name(), Some("file" | "body")) {
            return field.bytes().await.ok();
        }
    }
    None
}

/// `files.completeUploadExternal`: shares the files, in a channel if one is given.
pub(crate) fn complete_upload(world: &mut World, call: &Call) -> Answer {
    let wanted = call.arguments.structure("files", "invalid_arguments")?;
    let wanted = wanted.as_ref().and_then(Value::as_array).filter(|files| !files.is_empty());
    let wanted = wanted.ok_or_else(|| ApiError::invalid_arguments("missing required field: files"))?;
    let mut files = Vec::new();
    for entry in wanted {
        let stored = world.files.get_mut(entry["id"].as_str().unwrap_or_default());
        let stored = stored
            .filter(|stored| stored.content.is_some())
            .ok_or_else(|| ApiError::new("file_not_found"))?;
        if let Some(title) = entry["title"].as_str() {
            title.clone_into(&mut stored.file.title);
        }
        files.push(stored.file.clone());
    }
    let channels = call.arguments.list("channels");
    if let Some(channel) = call.arguments.text("channel_id").or(channels.first().map(String::as_str)) {
        share(world, call, channel, files.clone())?;
    }
    let files: Vec<Value> = files.iter().map(|file| file.to_json(&call.origin)).collect();
    Ok(json!({ "files": files }))
}

fn share(world: &mut World, call: &Call, channel: &str, files: Vec<File>) -> Result<(), ApiError> {
    let channel = visible(world, channel).map_err(|_| ApiError::new("invalid_channel"))?;
    if !world.workspace.is_bot_member(channel) {
        return Err(ApiError::new("not_in_channel"));
    }
    let comment = markup::normalised(call.arguments.text("initial_comment").unwrap_or_default());
    let message = Message {
        subtype: Some("file_share".to_owned()),
        thread_ts: call.arguments.ts("thread_ts"),
        files,
        ..Message::new(&channel.id, &comment)
    };
    let message = world.signed_by_app(message);
    world.post(message);
    Ok(())
}

/// `files.info`
pub(crate) fn info(world: &mut World, call: &Call) -> Answer {
    let id = call.arguments.required("file")?;
    let stored = world.files.get(id).ok_or_else(|| ApiError::new("file_not_found"))?;
    let metadata = json!({ "next_cursor": "" });
    Ok(json!({ "file": stored.file.to_json(&call.origin), "comments": [], "response_metadata": metadata }))
}

/// `GET /files-pri/<id>/…`: the content.
pub(crate) async fn download(
    State(shared): State<Arc<Shared>>,
    Path((id, _)): Path<(String, String)>,
) -> Response {
    let content = shared.lock().files.get(&id).and_then(|stored| stored.content.clone());
    match content {
        Some(content) => content.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
