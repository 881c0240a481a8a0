package client;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import connecthealth.ConnectHealthAsyncClient;
import connecthealth.InputEvent;
import connecthealth.StartMedicalScribeListeningSessionRequest;
import connecthealth.StartMedicalScribeListeningSessionResponse;
import connecthealth.Structure;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Timer;
import java.util.TimerTask;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.awscore.eventstream.EventStreamResponseHandler;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.core.util.VersionInfo;

/**
 * Streams to an endpoint with the AWS SDK for Java and tells what it gave back: a line of JSON a stream.
 *
 * <p>There is no generated client here: {@link ConnectHealthAsyncClient} is a thin operation layer of ours over the
 * SDK's own runtime, which each report says in `sdk`. This program judges nothing: a test reads the lines, whose fields
 * are those of ../python/client.py. `errors` has what the future of the call failed with, after all retries; `handled`
 * has what the handler was told, for each of the `attempts`: the SDK takes the input from its start for each. Events
 * tell in which attempt they came. It never hangs: each stream has a time limit, and so has the program.
 */
public final class Client {
    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
    private static final Map<String, Object> SDK =
            Map.of("name", "software.amazon.awssdk", "version", VersionInfo.SDK_VERSION, "generated", false);

    private final Options options;

    private Client(Options options) {
        this.options = options;
    }

    public static void main(String[] arguments) throws Exception {
        Options options = Options.of(arguments);
        Timer deadline = new Timer(true);
        deadline.schedule(
                new TimerTask() {
                    @Override
                    public void run() {
                        System.err.println("still running after " + options.seconds("deadline") + " s");
                        Thread.getAllStackTraces().forEach((thread, frames) ->
                                System.err.println(thread + "\n  " + Arrays.toString(frames)));
                        Runtime.getRuntime().halt(1);
                    }
                },
                (long) (1000 * options.seconds("deadline")));
        Client client = new Client(options);
        for (int run = 0; run < options.number("runs"); run++) {
            client.perform(run);
        }
        System.exit(0); // not waiting for the threads that the SDK keeps
    }

    /** One run: a session of one stream, or of several when it pauses. */
    private void perform(int run) throws Exception {
        String sessionId = options.text("session-id", UUID.randomUUID().toString());
        int streams = options.number("pauses") + 1;
        int bytesPerSecond = options.number("rate") * 2 * channels();
        List<byte[]> chunks = pieces(tone(), bytesPerSecond * options.number("chunk-ms") / 1000);
        int share = -Math.floorDiv(-chunks.size(), streams);
        URI endpoint = URI.create(options.endpoint());
        // Not closed, as the program soon ends: Netty would wait for two quiet seconds.
        ConnectHealthAsyncClient client =
                Connect.connect(endpoint, options.path("ca-file"), options.text("access-key", "test"));
        for (int position = 0; position < streams; position++) {
            List<byte[]> part = chunks.subList(
                    Math.min(position * share, chunks.size()), Math.min((position + 1) * share, chunks.size()));
            boolean endOfSession = position == streams - 1 && !options.is("no-end-of-session");
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("sdk", SDK);
            report.put("run", run);
            report.put("stream", position);
            report.put("session_id", sessionId);
            stream(client, report, part, endOfSession);
            System.out.println(GSON.toJson(report));
        }
    }

    private void stream(
            ConnectHealthAsyncClient client, Map<String, Object> report, List<byte[]> audio, boolean endOfSession)
            throws Exception {
        int awaited = options.number("await-events");
        CountDownLatch received = new CountDownLatch(awaited);
        Sender sender = new Sender(
                configuration(),
                audio,
                options.text("event", "binaryAudioEvent").equals("binaryAudioEvent"),
                endOfSession,
                received,
                awaited > 0 ? options.number("after") : -1);
        Receiver receiver = new Receiver(sender, received);
        CompletableFuture<Void> ended = client.startMedicalScribeListeningSession(
                StartMedicalScribeListeningSessionRequest.builder()
                        .sessionId((String) report.get("session_id"))
                        .domainId("hai-" + "0".repeat(16))
                        .subscriptionId("sub-" + "0".repeat(21))
                        .languageCode("en-US")
                        .mediaSampleRateHertz(options.number("rate"))
                        .mediaEncoding("pcm")
                        .build(),
                sender,
                receiver);
        Throwable error = null;
        boolean timedOut = false;
        try {
            ended.get((long) (1000 * options.seconds("timeout")), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failure) {
            error = failure.getCause();
        } catch (TimeoutException late) {
            timedOut = true;
            ended.cancel(true);
        }
        StartMedicalScribeListeningSessionResponse response = receiver.response;
        report.put("status", status(response, error));
        report.put("headers", response == null ? Map.of() : headers(response));
        report.put("output", response == null ? null : snakeCased(response.members()));
        report.put("events", List.copyOf(receiver.events));
        report.put("errors", error == null ? List.of() : List.of(receiver.described(error)));
        report.put("handled", List.copyOf(receiver.handled));
        report.put("attempts", sender.subscriptions());
        report.put("sent", sender.sent().fields());
        report.put("timed_out", timedOut);
    }

    private InputEvent configuration() {
        List<String> roles = channels() == 2 ? List.of("CLINICIAN", "PATIENT") : List.of();
        String context = options.text("encounter-context", null);
        return InputEvent.configuration(
                options.text("output-uri", "s3://bucket/prefix"), "HISTORY_AND_PHYSICAL", roles, context);
    }

    private int channels() {
        return options.number("channels");
    }

    /** 440 Hz, 16-bit little-endian PCM. */
    private byte[] tone() {
        int rate = options.number("rate");
        int frames = (int) Math.round(options.seconds("seconds") * rate);
        ByteBuffer samples = ByteBuffer.allocate(2 * channels() * frames).order(ByteOrder.LITTLE_ENDIAN);
        for (int n = 0; n < frames; n++) {
            short sample = (short) Math.round(8000 * Math.sin(2 * Math.PI * 440 * n / rate));
            for (int channel = 0; channel < channels(); channel++) {
                samples.putShort(sample);
            }
        }
        return samples.array();
    }

    private static List<byte[]> pieces(byte[] data, int size) {
        List<byte[]> found = new ArrayList<>();
        for (int start = 0; start < data.length; start += size) {
            found.add(Arrays.copyOfRange(data, start, Math.min(start + size, data.length)));
        }
        return found;
    }

    private static Integer status(StartMedicalScribeListeningSessionResponse response, Throwable error) {
        if (response != null) {
            return response.sdkHttpResponse().statusCode();
        }
        return error instanceof AwsServiceException service ? (Integer) service.statusCode() : null;
    }

    private static Map<String, String> headers(StartMedicalScribeListeningSessionResponse response) {
        Map<String, String> found = new LinkedHashMap<>();
        response.sdkHttpResponse().forEachHeader((name, values) -> {
            if (!name.startsWith(":")) {
                found.put(name.toLowerCase(), String.join(",", values));
            }
        });
        return found;
    }

    /** The SDK's values with the member names that all clients report. */
    private static Object snakeCased(Object value) {
        if (value instanceof Structure structure) {
            return snakeCased(structure.members());
        }
        if (value instanceof Map<?, ?> members) {
            Map<String, Object> found = new LinkedHashMap<>();
            members.forEach((name, member) -> found.put(
                    ((String) name).replaceAll("([A-Z])", "_$1").toLowerCase(), snakeCased(member)));
            return found;
        }
        return value;
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Keeps what the SDK hands over: for each attempt a response, its events and what went wrong. */
    private static final class Receiver
            implements EventStreamResponseHandler<StartMedicalScribeListeningSessionResponse, Structure> {
        private final Sender sender;
        private final CountDownLatch received;
        private final List<Map<String, Object>> events = new CopyOnWriteArrayList<>();
        private final List<Map<String, Object>> handled = new CopyOnWriteArrayList<>();
        private volatile StartMedicalScribeListeningSessionResponse response;

        private Receiver(Sender sender, CountDownLatch received) {
            this.sender = sender;
            this.received = received;
        }

        @Override
        public void responseReceived(StartMedicalScribeListeningSessionResponse response) {
            this.response = response;
        }

        @Override
        public void onEventStream(SdkPublisher<Structure> publisher) {
            int attempt = sender.subscriptions();
            publisher.subscribe(event -> {
                Sender.Sent sent = sender.sent();
                String name = event.members().containsKey("transcriptSegment") ? "TranscriptEvent" : "Unknown";
                events.add(Map.of(
                        "attempt", attempt,
                        "audio_sent", sent.audio,
                        "input_closed", sent.inputClosed,
                        "type", name,
                        "value", snakeCased(event)));
                received.countDown();
            });
        }

        @Override
        public void exceptionOccurred(Throwable error) {
            handled.add(described(error instanceof CompletionException ? error.getCause() : error));
            openGate(); // none will come any more
        }

        @Override
        public void complete() {
            openGate();
        }

        Map<String, Object> described(Throwable error) {
            String message = error instanceof AwsServiceException service && service.awsErrorDetails() != null
                    ? service.awsErrorDetails().errorMessage() // without the ids that getMessage() adds
                    : error.getMessage();
            return Map.of(
                    "attempt", sender.subscriptions(),
                    "where", response == null ? "responding" : "reading",
                    "class", error.getClass().getSimpleName(),
                    "module", error.getClass().getPackageName(),
                    "message", String.valueOf(message));
        }

        private void openGate() {
            while (received.getCount() > 0) {
                received.countDown();
            }
        }
    }

    /** `--name value` pairs after the endpoint; a name without a value is a switch. */
    private record Options(String endpoint, Map<String, String> given) {
        private static final Map<String, String> DEFAULTS = Map.ofEntries(
                Map.entry("seconds", "2"), // of a tone
                Map.entry("rate", "16000"), // below 8000: refused by the service with HTTP 400
                Map.entry("channels", "1"), // 2 sends channelDefinitions
                Map.entry("chunk-ms", "100"),
                Map.entry("await-events", "0"), // wait for N events …
                Map.entry("after", "0"), // … before audio event M (from 0)
                Map.entry("pauses", "0"), // pause and resume each session so often
                Map.entry("runs", "1"),
                Map.entry("timeout", "20"), // seconds a stream
                Map.entry("deadline", "120")); // seconds the whole program; then status 1

        static Options of(String[] arguments) {
            Map<String, String> given = new LinkedHashMap<>();
            for (int i = 1; i < arguments.length; i++) {
                boolean isSwitch = i + 1 == arguments.length || arguments[i + 1].startsWith("--");
                given.put(arguments[i].substring(2), isSwitch ? "" : arguments[++i]);
            }
            return new Options(arguments[0], given);
        }

        String text(String name, String otherwise) {
            return given.getOrDefault(name, otherwise);
        }

        boolean is(String name) {
            return given.containsKey(name);
        }

        int number(String name) {
            return Integer.parseInt(given.getOrDefault(name, DEFAULTS.get(name)));
        }

        double seconds(String name) {
            return Double.parseDouble(given.getOrDefault(name, DEFAULTS.get(name)));
        }

        Path path(String name) {
            return given.containsKey(name) ? Path.of(given.get(name)) : null;
        }
    }
}
