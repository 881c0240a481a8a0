# Python >= 3.12, with: pip install "aws-sdk-connecthealth[awscrt]"
import array
import asyncio
import math
import urllib.request
import uuid

from aws_sdk_connecthealth import models as m
from aws_sdk_connecthealth.client import AsyncConnectHealthClient
from aws_sdk_connecthealth.config import AsyncConnectHealthConfig
from awscrt.io import ClientTlsContext, TlsContextOptions
from smithy_http.aio.crt import AWSCRTHTTPClient  # the SDK's default transport cannot stream both ways

AUDIO = array.array("h", (round(9000 * math.sin(n / 6)) for n in range(32000))).tobytes()  # a tone: 2 s, 16 kHz, mono
CA = urllib.request.urlopen("http://localhost:8080/_mockscribe/ca.pem").read()  # the file of `mockscribe ca`


def trust_ca(config):  # a plugin, because the client copies its configuration and the copy forgets the CA
    options = TlsContextOptions()
    options.override_default_trust_store(CA)
    config.transport._tls_ctx = ClientTlsContext(options)


async def send(events):
    template = m.NoteTemplateSettingsManagedTemplate(m.ManagedTemplate(template_type="HISTORY_AND_PHYSICAL"))
    note = m.ClinicalNoteGenerationSettings(note_template_settings=template)
    after = m.MedicalScribePostStreamActionSettings(output_s3_uri="s3://bucket", clinical_note_generation_settings=note)
    configuration = m.MedicalScribeConfigurationEvent(post_stream_action_settings=after)
    await events.send(m.MedicalScribeInputStreamConfigurationEvent(configuration))
    for start in range(0, len(AUDIO), 3200):
        chunk = m.MedicalScribeBinaryAudioEvent(audio_chunk=AUDIO[start : start + 3200])
        await events.send(m.MedicalScribeInputStreamBinaryAudioEvent(chunk))
        await asyncio.sleep(0.1)  # as fast as a microphone
    end = m.MedicalScribeSessionControlEvent(type="END_OF_SESSION")
    await events.send(m.MedicalScribeInputStreamSessionControlEvent(end))
    await events.close()


async def main():
    transport, keys = AWSCRTHTTPClient(), {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    config = await AsyncConnectHealthConfig.resolve(
        endpoint_uri="https://localhost:8080", region="us-east-1", transport=transport, **keys
    )
    client = AsyncConnectHealthClient(config, plugins=[trust_ca])
    ids = {"domain_id": "hai-0123456789abcdef", "subscription_id": "sub-0123456789abcdefghijk"}
    audio = {"language_code": "en-US", "media_sample_rate_hertz": 16000, "media_encoding": "pcm"}
    session = m.StartMedicalScribeListeningSessionInput(session_id=str(uuid.uuid4()), **ids, **audio)
    stream = await client.start_medical_scribe_listening_session(session)
    sending = asyncio.create_task(send(stream.input_stream))
    _, events = await stream.await_output()
    while (event := await events.receive()) is not None:
        segment = event.value.transcript_segment
        print(f"{segment.audio_begin_offset:6.2f} s  {'…' if segment.is_partial else '✓'}  {segment.content}")
    await sending
    await client.close()


asyncio.run(main())
