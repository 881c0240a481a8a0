package client;

import connecthealth.InputEvent;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * The input of one stream. Each subscription sends it from the start, in a thread of its own and no faster than the SDK
 * asks: the SDK subscribes again for each retry. What was sent is that of the latest subscription.
 */
final class Sender implements Publisher<InputEvent> {
    private final InputEvent configuration;
    private final List<byte[]> audio;
    private final boolean binary;
    private final boolean endOfSession;
    private final CountDownLatch received;
    private final int after;

    private volatile Sent sent = new Sent();
    private volatile int subscriptions = 0;

    /** {@code received}: waited for before the audio event at position {@code after}. */
    Sender(
            InputEvent configuration,
            List<byte[]> audio,
            boolean binary,
            boolean endOfSession,
            CountDownLatch received,
            int after) {
        this.configuration = configuration;
        this.audio = audio;
        this.binary = binary;
        this.endOfSession = endOfSession;
        this.received = received;
        this.after = after;
    }

    Sent sent() {
        return sent;
    }

    int subscriptions() {
        return subscriptions;
    }

    @Override
    public synchronized void subscribe(Subscriber<? super InputEvent> subscriber) {
        subscriptions++;
        sent = new Sent();
        Demand demand = new Demand();
        Thread thread = new Thread(() -> send(subscriber, demand, sent), "sender");
        thread.setDaemon(true);
        demand.thread = thread;
        subscriber.onSubscribe(demand);
        thread.start();
    }

    private void send(Subscriber<? super InputEvent> subscriber, Demand demand, Sent sent) {
        try {
            demand.take();
            subscriber.onNext(configuration);
            sent.configuration++;
            for (int position = 0; position < audio.size(); position++) {
                if (position == after) {
                    received.await();
                }
                byte[] chunk = audio.get(position);
                demand.take();
                subscriber.onNext(binary ? InputEvent.binaryAudio(chunk) : InputEvent.audio(chunk));
                sent.add(chunk);
            }
            if (endOfSession) {
                demand.take();
                subscriber.onNext(InputEvent.endOfSession());
                sent.control++;
            }
            sent.inputClosed = true;
            subscriber.onComplete();
        } catch (InterruptedException cancelled) {
            // The SDK wants no more: the stream is over, or this attempt is.
        }
    }

    /** Counts of one subscription; read by other threads while it runs. */
    static final class Sent {
        volatile int configuration;
        volatile int audio;
        volatile long audioBytes;
        volatile int control;
        volatile boolean inputClosed;
        private final MessageDigest digest = Client.sha256();

        private synchronized void add(byte[] chunk) {
            audio++;
            audioBytes += chunk.length;
            digest.update(chunk);
        }

        synchronized Map<String, Object> fields() throws CloneNotSupportedException {
            return Map.of(
                    "configuration", configuration,
                    "audio", audio,
                    "audio_bytes", audioBytes,
                    "control", control,
                    "input_closed", inputClosed,
                    "sha256", HexFormat.of().formatHex(((MessageDigest) digest.clone()).digest()));
        }
    }

    private static final class Demand implements Subscription {
        private final Semaphore asked = new Semaphore(0);
        private final AtomicLong endless = new AtomicLong();
        private volatile Thread thread;

        void take() throws InterruptedException {
            if (endless.get() == 0) {
                asked.acquire();
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }

        @Override
        public void request(long n) {
            if (n > Integer.MAX_VALUE / 2) { // as good as "all"
                endless.set(1);
                asked.release();
            } else {
                asked.release((int) n);
            }
        }

        @Override
        public void cancel() {
            thread.interrupt();
        }
    }
}
