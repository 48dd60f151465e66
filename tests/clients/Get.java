// SPDX-License-Identifier: GPL-2.0-or-later
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Get URL: asks, and prints the answer. */
class Get {
	public static void main(String[] arguments) throws InterruptedException {
		var request = HttpRequest.newBuilder(URI.create(arguments[0])).build();
		try {
			var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
			System.out.println(response.body());
		} catch (IOException e) {
			System.err.println(e);
			System.exit(1);
		}
	}
}
