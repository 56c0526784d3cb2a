/* Light, dark, or as the system has it; before anything is drawn, so that nothing flashes. */
(function () {
	"use strict";
	const system = matchMedia("(prefers-color-scheme: dark)");
	const root = document.documentElement;

	function wanted() {
		try {
			return localStorage.getItem("look") || "auto";
		} catch {
			return "auto"; /* storage is switched off */
		}
	}

	function draw() {
		const mode = wanted();
		root.dataset.mode = mode;
		root.dataset.theme = mode === "auto" ? (system.matches ? "dark" : "light") : mode;
		dispatchEvent(new CustomEvent("look"));
	}

	addEventListener("storage", draw);	/* changed in another document of this site: the page, or the shop in it */
	system.addEventListener("change", draw);
	window.look = {
		get mode() {
			return wanted();
		},
		set(mode) {
			try {
				localStorage.setItem("look", mode);
			} catch {
				/* then it lasts until the page is left */
			}
			draw();
		},
	};
	draw();
})();
