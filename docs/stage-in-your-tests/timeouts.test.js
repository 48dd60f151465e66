// Whether this client bears servers that do not behave; halfopen holds them in a state.
const assert = require("node:assert");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const readline = require("node:readline");

const running = [];

// await stage("silent"), await stage("reset", "--first", "1"): the URL of such a server, for one test.
async function stage(...state) {
	const server = spawn("halfopen", ["stage", ...state, "--listen", "127.0.0.1:0"], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	running.push(server);
	// "listening on 127.0.0.1:40123: silent"
	const [line] = await once(readline.createInterface(server.stdout), "line");
	return `http://${line.split(" ")[2].replace(/:$/, "")}/`;
}

afterEach(async () => {
	for (const server of running.splice(0)) {
		server.stdin.end(); // it ends
		const [status] = await once(server, "exit");
		assert.equal(status, 0, "the server was not in that state all the time");
	}
});

// The client that is tested: yours.
async function ask(url) {
	const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
	return response.text();
}

for (const state of ["silent", "unaccepted", "dropped", "slow=1/10s"])
	test(`a client gives up: ${state}`, async () => {
		await assert.rejects(ask(await stage(state)), { name: "TimeoutError" });
	});

test("a client is told that nobody listens", async () => {
	const url = await stage("refused");
	await assert.rejects(ask(url), error => error.cause.code === "ECONNREFUSED");
});
