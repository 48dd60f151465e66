// SPDX-License-Identifier: GPL-2.0-or-later
// http.js URL: asks, and prints the answer.
require("http")
	.get(process.argv[2], response => response.pipe(process.stdout))
	.on("error", error => {
		console.error(error.message);
		process.exit(1);
	});
