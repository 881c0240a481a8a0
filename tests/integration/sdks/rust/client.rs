//! Streams to an endpoint with the official Rust SDK and tells what it gave back: a line of JSON a stream.
//!
//! It judges nothing: a test reads the lines. It never hangs: each stream has a time limit, and so has the whole program.
//! What a line holds is told in `../python/client.py`; `sdk` names what did the work.

mod connect;

use std::f64::consts::TAU;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_stream::stream;
use aws_sdk_connecthealth::Client;
use aws_sdk_connecthealth::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_connecthealth::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_connecthealth::error::{BoxError, DisplayErrorContext, SdkError};
use aws_sdk_connecthealth::operation::start_medical_scribe_listening_session::{
    StartMedicalScribeListeningSessionError as StartError, StartMedicalScribeListeningSessionOutput as Output,
};
use aws_sdk_connecthealth::primitives::Blob;
use aws_sdk_connecthealth::primitives::event_stream::EventStreamSender;
use aws_sdk_connecthealth::types::error::{MedicalScribeInputStreamError, MedicalScribeOutputStreamError};
use aws_sdk_connecthealth::types::{
    ClinicalNoteGenerationSettings, ManagedNoteTemplate, ManagedTemplate, MedicalScribeAudioEvent,
    MedicalScribeBinaryAudioEvent, MedicalScribeChannelDefinition, MedicalScribeConfigurationEvent,
    MedicalScribeInputStream, MedicalScribeOutputStream, MedicalScribeParticipantRole,
    MedicalScribePostStreamActionSettings, MedicalScribeSessionControlEvent, MedicalScribeSessionControlEventType,
    NoteTemplateSettings,
};
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

#[derive(Parser)]
struct Options {
    endpoint_url: String,
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// No S3 URI: a bad configuration.
    #[arg(long, default_value = "s3://bucket/prefix")]
    output_uri: String,
    /// Of the tone that is streamed.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Below 8000: refused by the service with HTTP 400.
    #[arg(long, default_value_t = 16000)]
    rate: i32,
    /// 2 sends channelDefinitions.
    #[arg(long, default_value_t = 1)]
    channels: usize,
    #[arg(long, value_enum, default_value_t = AudioEvent::BinaryAudioEvent)]
    event: AudioEvent,
    /// Wait for so many events …
    #[arg(long, default_value_t = 0)]
    await_events: usize,
    /// … before this audio event (from 0).
    #[arg(long, default_value_t = 0)]
    after: usize,
    /// Close the input without it: a pause.
    #[arg(long)]
    no_end_of_session: bool,
    /// Pause and resume each session so often.
    #[arg(long, default_value_t = 0)]
    pauses: usize,
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// Seconds a stream.
    #[arg(long, default_value_t = 20.0)]
    timeout: f64,
    /// Seconds the whole program; then status 1.
    #[arg(long, default_value_t = 120.0)]
    deadline: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum AudioEvent {
    #[value(name = "audioEvent")]
    AudioEvent,
    #[value(name = "binaryAudioEvent")]
    BinaryAudioEvent,
}

const CHUNK_MS: usize = 100;

/// What was handed to the SDK so far.
#[derive(Default)]
struct Sent {
    configuration: usize,
    audio: usize,
    audio_bytes: usize,
    control: usize,
    input_closed: bool,
    digest: Sha256,
}

/// Status and headers of the response; the SDK itself shows only the modeled ones.
#[derive(Clone, Debug, Default)]
struct ResponseRecorder(Arc<Mutex<Option<(u16, Value)>>>);

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

/// One stream of a session, and what there is to report of it.
struct Session {
    options: Arc<Options>,
    session_id: String,
    audio: Vec<Vec<u8>>,
    last: bool, // of its run: the one that may end the session
    sent: Arc<Mutex<Sent>>,
    recorder: ResponseRecorder,
    output: Value,
    events: Vec<Value>,
    errors: Vec<Value>,
}

impl Session {
    async fn stream(&mut self, client: &Client) {
        let (received, reader) = watch::channel(0);
        let answer = client
            .start_medical_scribe_listening_session()
            .session_id(&self.session_id)
            .domain_id("hai-0000000000000000")
            .subscription_id("sub-000000000000000000000")
            .language_code("en-US".into())
            .media_sample_rate_hertz(self.options.rate)
            .media_encoding("pcm".into())
            .input_stream(self.input(reader))
            .customize()
            .interceptor(self.recorder.clone())
            .send()
            .await;
        let mut output = match answer {
            Ok(output) => output,
            Err(error) => return self.errors.push(start_failure(error)),
        };
        self.output = modeled(&output);
        loop {
            match output.response_stream.recv().await {
                Ok(Some(event)) => {
                    let sent = self.sent.lock().unwrap();
                    let (kind, value) = told(&event);
                    self.events.push(json!({
                        "audio_sent": sent.audio,
                        "input_closed": sent.input_closed,
                        "type": kind,
                        "value": value,
                    }));
                    let _ = received.send(self.events.len()); // nobody waits once the input is closed
                }
                Ok(None) => return,
                Err(error) => return self.errors.push(reading_failure(error)),
            }
        }
    }

    /// The input; the SDK takes one event after the other from it, while the output is being read.
    fn input(
        &self,
        mut received: watch::Receiver<usize>,
    ) -> EventStreamSender<MedicalScribeInputStream, MedicalScribeInputStreamError> {
        let (options, sent, audio) = (self.options.clone(), self.sent.clone(), self.audio.clone());
        let ends_session = self.last && !options.no_end_of_session;
        stream! {
            sent.lock().unwrap().configuration += 1;
            yield Ok(MedicalScribeInputStream::ConfigurationEvent(configuration(&options)));
            for (position, chunk) in audio.into_iter().enumerate() {
                if options.await_events > 0 && position == options.after {
                    // An error says that the output has ended: no more events will come.
                    let _ = received.wait_for(|count| *count >= options.await_events).await;
                }
                {
                    let mut sent = sent.lock().unwrap();
                    sent.audio += 1;
                    sent.audio_bytes += chunk.len();
                    sent.digest.update(&chunk);
                }
                yield Ok(audio_event(options.event, chunk));
            }
            if ends_session {
                sent.lock().unwrap().control += 1;
                let end = MedicalScribeSessionControlEventType::EndOfSession;
                yield Ok(MedicalScribeInputStream::SessionControlEvent(
                    MedicalScribeSessionControlEvent::builder().r#type(end).build(),
                ));
            }
            sent.lock().unwrap().input_closed = true;
        }
        .into()
    }

    fn report(self, run: usize, position: usize, timed_out: bool) -> Value {
        let (status, headers) = self.recorder.0.lock().unwrap().take().unzip();
        let sent = self.sent.lock().unwrap();
        json!({
            "sdk": {"name": "aws-sdk-connecthealth", "version": aws_sdk_connecthealth::meta::PKG_VERSION, "generated": true},
            "run": run,
            "stream": position,
            "session_id": self.session_id,
            "status": status,
            "headers": headers.unwrap_or_else(|| json!({})),
            "output": self.output,
            "events": self.events,
            "errors": self.errors,
            "timed_out": timed_out,
            "sent": {
                "configuration": sent.configuration,
                "audio": sent.audio,
                "audio_bytes": sent.audio_bytes,
                "control": sent.control,
                "input_closed": sent.input_closed,
                "sha256": hex(&sent.digest.clone().finalize()),
            },
        })
    }
}

fn configuration(options: &Options) -> MedicalScribeConfigurationEvent {
    let template = ManagedTemplate::builder()
        .template_type(ManagedNoteTemplate::HistoryAndPhysical)
        .build()
        .expect("its type is set");
    let note = ClinicalNoteGenerationSettings::builder()
        .note_template_settings(NoteTemplateSettings::ManagedTemplate(template))
        .build();
    let actions = MedicalScribePostStreamActionSettings::builder()
        .output_s3_uri(&options.output_uri)
        .clinical_note_generation_settings(note)
        .build()
        .expect("its required members are set");
    let roles = [MedicalScribeParticipantRole::Clinician, MedicalScribeParticipantRole::Patient];
    let channels = roles.into_iter().zip(0..).map(|(role, id)| {
        MedicalScribeChannelDefinition::builder().channel_id(id).participant_role(role).build().expect("both are set")
    });
    MedicalScribeConfigurationEvent::builder()
        .post_stream_action_settings(actions)
        .set_channel_definitions((options.channels == 2).then(|| channels.collect()))
        .build()
}

fn audio_event(kind: AudioEvent, chunk: Vec<u8>) -> MedicalScribeInputStream {
    let chunk = Blob::new(chunk);
    match kind {
        AudioEvent::AudioEvent => MedicalScribeInputStream::AudioEvent(
            MedicalScribeAudioEvent::builder().audio_chunk(chunk).build().expect("the chunk is set"),
        ),
        AudioEvent::BinaryAudioEvent => MedicalScribeInputStream::BinaryAudioEvent(
            MedicalScribeBinaryAudioEvent::builder().audio_chunk(chunk).build().expect("the chunk is set"),
        ),
    }
}

fn modeled(output: &Output) -> Value {
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

fn told(event: &MedicalScribeOutputStream) -> (&'static str, Value) {
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

fn start_failure<R: std::fmt::Debug + Send + Sync + 'static>(error: SdkError<StartError, R>) -> Value {
    match error.as_service_error() {
        Some(StartError::ValidationException(error)) => failure("responding", error, error.message()),
        Some(StartError::InternalServerException(error)) => failure("responding", error, error.message()),
        _ => sdk_failure("responding", &error),
    }
}

fn reading_failure<R: std::fmt::Debug + Send + Sync + 'static>(
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

/// A 440 Hz tone, the same on each channel, in chunks.
fn chunks(options: &Options) -> Vec<Vec<u8>> {
    let rate = f64::from(options.rate);
    let frames = (options.seconds * rate).round() as usize;
    let tone: Vec<u8> = (0..frames)
        .map(|n| (8000.0 * (TAU * 440.0 * n as f64 / rate).sin()).round() as i16)
        .flat_map(|sample| sample.to_le_bytes().repeat(options.channels))
        .collect();
    let size = options.rate as usize * 2 * options.channels * CHUNK_MS / 1000;
    tone.chunks(size).map(<[u8]>::to_vec).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One session: a stream, or several when it pauses.
async fn perform(options: &Arc<Options>, run: usize) -> Result<(), BoxError> {
    let ca = options.ca_file.as_ref().map(std::fs::read).transpose()?;
    let client = connect::connect(&options.endpoint_url, ca)?;
    let session_id = uuid::Uuid::new_v4().to_string();
    let chunks = chunks(options);
    let streams = options.pauses + 1;
    for (position, part) in chunks.chunks(chunks.len().div_ceil(streams)).enumerate() {
        let mut session = Session {
            options: options.clone(),
            session_id: session_id.clone(),
            audio: part.to_vec(),
            last: position == options.pauses,
            sent: Arc::default(),
            recorder: ResponseRecorder::default(),
            output: Value::Null,
            events: Vec::new(),
            errors: Vec::new(),
        };
        let limit = Duration::from_secs_f64(options.timeout);
        let timed_out = tokio::time::timeout(limit, session.stream(&client)).await.is_err();
        println!("{}", session.report(run, position, timed_out));
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let options = Arc::new(Options::parse());
    let deadline = Duration::from_secs_f64(options.deadline);
    std::thread::spawn(move || {
        std::thread::sleep(deadline);
        eprintln!("not done within {deadline:?}");
        std::process::exit(1);
    });
    for run in 0..options.runs {
        perform(&options, run).await?;
    }
    Ok(())
}
