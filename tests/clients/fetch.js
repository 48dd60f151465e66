// SPDX-License-Identifier: GPL-2.0-or-later
// fetch.js URL: asks, and prints the answer.
fetch(process.argv[2])
	.then(response => response.text())
	.then(console.log)
	.catch(error => {
		console.error(`${error.message}: ${error.cause?.message}`);
		process.exit(1);
	});
