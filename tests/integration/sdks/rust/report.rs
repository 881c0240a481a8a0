//! What a line of output tells: of what was sent, of the response, of events and of errors.

use std::sync::{Arc, Mutex};

use aws_sdk_connecthealth::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_connecthealth::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_connecthealth::error::{BoxError, DisplayErrorContext, SdkError};
use aws_sdk_connecthealth::operation::start_medical_scribe_listening_session::{
    StartMedicalScribeListeningSessionError as StartError, StartMedicalScribeListeningSessionOutput as Output,
};
use aws_sdk_connecthealth::types::MedicalScribeOutputStream;
use aws_sdk_connecthealth::types::error::MedicalScribeOutputStreamError;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What was handed to the SDK so far.
#[derive(Default)]
pub struct Sent {
    pub configuration: usize,
    pub audio: usize,
    pub audio_bytes: usize,
    pub control: usize,
    pub input_closed: bool,
    pub digest: Sha256,
}

impl Sent {
    pub fn told(&self) -> Value {
        json!({
            "configuration": self.configuration,
            "audio": self.audio,
            "audio_bytes": self.audio_bytes,
            "control": self.control,
            "input_closed": self.input_closed,
            "sha256": hex(&self.digest.clone().finalize()),
        })
    }
}

/// Status and headers of the response; the SDK itself shows only the modeled ones.
#[derive(Clone, Debug, Default)]
pub struct ResponseRecorder(pub Arc<Mutex<Option<(u16, Value)>>>);

impl Intercept for ResponseRecorder {
    fn name(&self) -> &'static str {
        "ResponseRecorder"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let headers = response.headers().iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        *self.0.lock().unwrap() = Some((response.status().as_u16(), Value::Object(headers)));
        Ok(())
    }
}

pub fn modeled(output: &Output) -> Value {
    json!({
        "session_id": output.session_id(),
        "domain_id": output.domain_id(),
        "subscription_id": output.subscription_id(),
        "request_id": output.request_id(),
        "language_code": output.language_code().map(|code| code.as_str()),
        "media_sample_rate_hertz": output.media_sample_rate_hertz(),
        "media_encoding": output.media_encoding().map(|encoding| encoding.as_str()),
    })
}

pub fn told(event: &MedicalScribeOutputStream) -> (&'static str, Value) {
    match event {
        MedicalScribeOutputStream::TranscriptEvent(event) => {
            let segment = event.transcript_segment().map(|segment| {
                json!({
                    "segment_id": segment.segment_id(),
                    "audio_begin_offset": segment.audio_begin_offset(),
                    "audio_end_offset": segment.audio_end_offset(),
                    "is_partial": segment.is_partial(),
                    "channel_id": segment.channel_id(),
                    "content": segment.content(),
                })
            });
            ("TranscriptEvent", json!({"transcript_segment": segment}))
        }
        _ => ("Unknown", Value::Null),
    }
}

pub fn start_failure<R: std::fmt::Debug + Send + Sync + 'static>(error: SdkError<StartError, R>) -> Value {
    match error.as_service_error() {
        Some(StartError::ValidationException(error)) => failure("responding", error, error.message()),
        Some(StartError::InternalServerException(error)) => failure("responding", error, error.message()),
        _ => sdk_failure("responding", &error),
    }
}

pub fn reading_failure<R: std::fmt::Debug + Send + Sync + 'static>(
    error: SdkError<MedicalScribeOutputStreamError, R>,
) -> Value {
    match error.as_service_error() {
        Some(MedicalScribeOutputStreamError::ValidationException(error)) => failure("reading", error, error.message()),
        Some(MedicalScribeOutputStreamError::InternalServerException(error)) => {
            failure("reading", error, error.message())
        }
        _ => sdk_failure("reading", &error),
    }
}

/// A modeled error, with what the service said.
fn failure<E>(place: &str, _: &E, message: Option<&str>) -> Value {
    let (module, class) = std::any::type_name::<E>().rsplit_once("::").expect("no type is without a module");
    json!({"where": place, "class": class, "module": module, "message": message})
}

/// Any other error, with the whole chain of its causes.
fn sdk_failure<E, R>(place: &str, error: &SdkError<E, R>) -> Value
where
    SdkError<E, R>: std::error::Error,
{
    let class = match error {
        SdkError::ConstructionFailure(_) => "ConstructionFailure",
        SdkError::TimeoutError(_) => "TimeoutError",
        SdkError::DispatchFailure(_) => "DispatchFailure",
        SdkError::ResponseError(_) => "ResponseError",
        _ => "ServiceError",
    };
    let message = DisplayErrorContext(error).to_string();
    json!({"where": place, "class": class, "module": "aws_sdk_connecthealth::error::SdkError", "message": message})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
