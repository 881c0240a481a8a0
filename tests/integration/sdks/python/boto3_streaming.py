# pip install mockscribe boto3
import uuid

import boto3

import mockscribe.boto3

NOTE = {"noteTemplateSettings": {"managedTemplate": {"templateType": "HISTORY_AND_PHYSICAL"}}}
AFTER = {"outputS3Uri": "s3://bucket", "clinicalNoteGenerationSettings": NOTE}
IDS = {"domainId": "hai-0123456789abcdef", "subscriptionId": "sub-0123456789abcdefghijk"}
AUDIO = {"languageCode": "en-US", "mediaSampleRateHertz": 16000, "mediaEncoding": "pcm"}


def visit():  # drawn from in a thread of its own while the response is read: it may wait for a microphone
    yield {"configurationEvent": {"postStreamActionSettings": AFTER}}
    yield from [{"audioEvent": {"audioChunk": b"\x00\x20\x00\xe0" * 800}}] * 10  # a tone, a tenth of a second each
    yield {"sessionControlEvent": {"type": "END_OF_SESSION"}}


with mockscribe.Mockscribe() as mock:  # or endpoint_url="https://localhost:8080" and AWS_CA_BUNDLE="$(mockscribe ca)"
    keys = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("connecthealth", endpoint_url=mock.https_url, verify=str(mock.ca_file), **keys)
    call = mockscribe.boto3.enable(client).start_medical_scribe_listening_session
    for event in call(sessionId=str(uuid.uuid4()), **IDS, **AUDIO, inputStream=visit())["responseStream"]:
        print(event["transcriptEvent"]["transcriptSegment"]["content"])
