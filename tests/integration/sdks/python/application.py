# Python >= 3.12, with: pip install "aws-sdk-connecthealth[awscrt]" boto3; and `mockscribe serve --output-dir out`
import asyncio
import json
import pathlib
import time
import urllib.request
import uuid

import boto3
from aws_sdk_connecthealth import models as m
from aws_sdk_connecthealth.client import AsyncConnectHealthClient
from aws_sdk_connecthealth.config import AsyncConnectHealthConfig
from awscrt.io import ClientTlsContext, TlsContextOptions
from botocore.config import Config
from smithy_http.aio.crt import AWSCRTHTTPClient

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
CA = urllib.request.urlopen("http://localhost:8080/_mockscribe/ca.pem").read()


def trust_ca(config):
    options = TlsContextOptions()
    options.override_default_trust_store(CA)
    config.transport._tls_ctx = ClientTlsContext(options)


async def visit(ids):
    config = await AsyncConnectHealthConfig.resolve(
        endpoint_uri="https://localhost:8080", region="us-east-1", transport=AWSCRTHTTPClient(), **KEYS
    )
    client = AsyncConnectHealthClient(config, plugins=[trust_ca])
    audio = {"language_code": "en-US", "media_sample_rate_hertz": 16000, "media_encoding": "pcm"}
    stream = await client.start_medical_scribe_listening_session(
        m.StartMedicalScribeListeningSessionInput(**ids, **audio)
    )
    note = m.ClinicalNoteGenerationSettings(
        note_template_settings=m.NoteTemplateSettingsManagedTemplate(m.ManagedTemplate(template_type="DAP"))
    )
    after = m.MedicalScribePostStreamActionSettings(output_s3_uri="s3://notes", clinical_note_generation_settings=note)
    configuration = m.MedicalScribeConfigurationEvent(post_stream_action_settings=after)
    await stream.input_stream.send(m.MedicalScribeInputStreamConfigurationEvent(configuration))
    for _ in range(20):
        chunk = m.MedicalScribeBinaryAudioEvent(audio_chunk=b"\x00\x20\x00\xe0" * 800)  # a tone of 0.1 s
        await stream.input_stream.send(m.MedicalScribeInputStreamBinaryAudioEvent(chunk))
        await asyncio.sleep(0.1)
    end = m.MedicalScribeSessionControlEvent(type="END_OF_SESSION")
    await stream.input_stream.send(m.MedicalScribeInputStreamSessionControlEvent(end))
    await stream.input_stream.close()
    _, events = await stream.await_output()
    while await events.receive() is not None:
        pass
    await client.close()


config = Config(inject_host_prefix=False)  # else boto3 calls streaming.localhost and runtime.localhost
health = boto3.client(
    "connecthealth", endpoint_url="http://localhost:8080", region_name="us-east-1", config=config, **KEYS
)
domain = health.create_domain(name="Clinic")["domainId"]
subscription = health.create_subscription(domainId=domain)["subscriptionId"]
session = str(uuid.uuid4())
asyncio.run(visit({"session_id": session, "domain_id": domain, "subscription_id": subscription}))
ids = {"domainId": domain, "subscriptionId": subscription, "sessionId": session}
while True:
    details = health.get_medical_scribe_listening_session(**ids)["medicalScribeListeningSessionDetails"]
    note = details["postStreamActionResult"]["clinicalNoteGenerationResult"]["noteResult"]
    if note["status"] not in ("PENDING", "IN_PROGRESS"):
        break
    time.sleep(0.2)
path = pathlib.Path("out") / note["outputLocation"].removeprefix("s3://")  # where --output-dir puts it
for section in json.loads(path.read_text())["ClinicalDocumentation"]["Sections"]:
    print(section["SectionName"], *(each["SummarizedSegment"] for each in section["Summary"]), sep="\n  ")
