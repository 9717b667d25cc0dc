//! The problems that each operation answers with.

use serde_json::{Value, json};

/// Adds every problem that the operation can answer.
pub(super) fn add(operation: &mut Value, method: &str) {
    let is_post = method == "post";
    let is_open = operation.get("security").is_none_or(|security| security == &json!([]));
    let has_body = operation.get("requestBody").is_some();
    let statuses = [
        (400, "The request does not fit this description", true),
        (401, "Credentials are missing, invalid or expired", !is_open),
        (403, "Not allowed", !is_open),
        (404, "Not found, or not visible to the caller", !is_open),
        (405, "The path does not support this method", true),
        (409, "Conflict with the current state", !is_open),
        (413, "The body is too long", has_body || is_post),
        (415, "The media type of the body is not supported", has_body),
        (422, "The Idempotency-Key was used for another request", is_post),
        (429, "Too many invitations sent, or too many Idempotency-Keys", !is_open),
        (500, "Internal error", true),
        (503, "Service unavailable", true),
        (504, "The request timed out", true),
    ];
    for (status, description, is_possible) in statuses {
        if is_possible {
            operation["responses"][status.to_string()] = json!({
                "description": description,
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            });
        }
    }
}

/// The schema of every problem (RFC 9457), with the members of the vendor's errors and our own `errors`.
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "Why a request was refused (RFC 9457)",
        "required": ["type", "title", "status", "detail", "instance", "message", "error", "statusCode"],
        "properties": {
            "type": { "type": "string", "description": "urn:brms:problem: and the kind" },
            "title": { "type": "string" },
            "status": { "type": "integer", "format": "int32" },
            "detail": { "type": "string" },
            "instance": { "type": "string", "description": "urn:uuid: and the request's id" },
            "message": { "type": "string", "description": "The same as detail" },
            "error": { "type": "string", "description": "The same as title" },
            "statusCode": { "type": "integer", "format": "int32", "description": "The same as status" },
            "ids": {
                "type": "array",
                "items": { "type": "string", "format": "uuid" },
                "description": "Of already-done: what was made or changed",
            },
            "errors": { "type": "array", "items": { "$ref": "#/components/schemas/ProblemError" } },
        },
        "example": {
            "type": "urn:brms:problem:invalid-request",
            "title": "The request is not valid",
            "status": 400,
            "detail": "/emails/0: must be an email address",
            "instance": "urn:uuid:0190a000-0000-7000-8000-00000000f001",
            "message": "/emails/0: must be an email address",
            "error": "The request is not valid",
            "statusCode": 400,
            "errors": [{ "pointer": "/emails/0", "detail": "must be an email address" }],
        },
    })
}

/// One place of a request that is wrong.
pub(super) fn error_schema() -> Value {
    json!({
        "type": "object",
        "description": "What is wrong at one place of the request",
        "required": ["detail"],
        "properties": {
            "pointer": { "type": "string", "description": "A place in the body" },
            "parameter": { "type": "string", "description": "A parameter" },
            "detail": { "type": "string" },
        },
    })
}
