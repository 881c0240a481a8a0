//! Streams to an endpoint with the official Rust SDK and tells what it gave back: a line of JSON a stream.
//!
//! It judges nothing: a test reads the lines. It never hangs: each stream has a time limit, and so has the whole program.
//! What a line holds is told in `../python/client.py`; `sdk` names what did the work.

mod connect;
mod report;

use std::f64::consts::TAU;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_stream::stream;
use aws_sdk_connecthealth::Client;
use aws_sdk_connecthealth::error::BoxError;
use aws_sdk_connecthealth::primitives::Blob;
use aws_sdk_connecthealth::primitives::event_stream::EventStreamSender;
use aws_sdk_connecthealth::types::error::MedicalScribeInputStreamError;
use aws_sdk_connecthealth::types::{
    ClinicalNoteGenerationSettings, ManagedNoteTemplate, ManagedTemplate, MedicalScribeAudioEvent,
    MedicalScribeBinaryAudioEvent, MedicalScribeChannelDefinition, MedicalScribeConfigurationEvent,
    MedicalScribeInputStream, MedicalScribeParticipantRole, MedicalScribePostStreamActionSettings,
    MedicalScribeSessionControlEvent, MedicalScribeSessionControlEventType, NoteTemplateSettings,
};
use clap::{Parser, ValueEnum};
use report::{ResponseRecorder, Sent, modeled, reading_failure, start_failure, told};
use serde_json::{Value, json};
use sha2::Digest;
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
            "sent": sent.told(),
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
