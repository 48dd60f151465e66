import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether this client bears servers that do not behave; halfopen holds them in a state. */
class TimeoutsTest {
	private final List<Process> running = new ArrayList<>();

	/** stage("silent"), stage("reset", "--first", "1"): the URI of such a server, for one test. */
	private URI stage(String... state) throws IOException {
		var words = new ArrayList<>(List.of("halfopen", "stage"));
		words.addAll(List.of(state));
		words.addAll(List.of("--listen", "127.0.0.1:0"));
		var server = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start();
		running.add(server);
		// "listening on 127.0.0.1:40123: silent"
		var line = server.inputReader().readLine().split(" ");
		return URI.create("http://" + line[2].replaceAll(":$", "") + "/");
	}

	@AfterEach
	void endStages() throws Exception {
		for (var server : running) {
			server.getOutputStream().close(); // it ends
			assertEquals(0, server.waitFor(), "the server was not in that state all the time");
		}
	}

	/** The client that is tested: yours. */
	private String ask(URI uri) throws Exception {
		var client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
		var request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(1)).build();
		return client.send(request, BodyHandlers.ofString()).body();
	}

	@ParameterizedTest
	@ValueSource(strings = {"silent", "unaccepted", "dropped"})
	void clientGivesUp(String state) throws Exception {
		var server = stage(state);
		assertThrows(HttpTimeoutException.class, () -> ask(server));
	}

	@Test
	void clientIsToldThatNobodyListens() throws Exception {
		var server = stage("refused");
		assertThrows(ConnectException.class, () -> ask(server));
	}
}
