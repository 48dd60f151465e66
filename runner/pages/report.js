(() => {
	const all = (what, where) => [...(where || document).querySelectorAll(what)];
	const filter = form => {
		const rows = all(form.dataset.rows);
		const run = () => {
			const words = form.elements.words.value.trim().toLowerCase().split(/\s+/);
			let shown = 0;
			for (const row of rows) {
				const text = (row.dataset.text || row.textContent).toLowerCase();
				const hit = words.every(word => text.includes(word))
					? all("select", form).every(
							one => !one.value || row.dataset[one.name].split(",").includes(one.value),
						)
					: false;
				row.hidden = !hit;
				shown += hit ? 1 : 0;
			}
			for (const part of all("section.topic"))
				part.hidden = !part.querySelector(".case:not([hidden])");
			form.querySelector("output").textContent = shown + " of " + rows.length;
		};
		form.hidden = false;
		form.addEventListener("input", run);
		form.addEventListener("submit", event => event.preventDefault());
		run();
	};
	all("form").forEach(filter);
	const go = () => {
		const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
		if (!place) return;
		place.hidden = false;
		for (let one = place; one; one = one.parentElement) {
			if (one.localName === "details") one.open = true;
			if (one.classList.contains("topic")) one.hidden = false;
		}
		place.scrollIntoView();
	};
	addEventListener("hashchange", go);
	go();
	for (const button of all("button"))
		button.addEventListener("click", () => {
			const cases = all(".case:not([hidden])");
			const open = !cases.every(one => one.open);
			cases.forEach(one => {
				one.open = open;
			});
		});
})();
