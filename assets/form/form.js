// Says how far an upload is, and keeps a form from being sent twice by a double click. Everything works
// without it: the form is then sent by the browser itself.
"use strict";
(() => {
  const attach = () => document.querySelectorAll("form[data-progress]").forEach(watch);

  function watch(form) {
    const button = form.querySelector("button[type=submit]");
    const box = form.querySelector(".progress");
    const bar = form.querySelector("progress");
    const words = form.querySelector(".progress-text");
    let plain = false;
    let sending = false;

    form.addEventListener("submit", (event) => {
      if (sending) {
        event.preventDefault();
        return;
      }
      sending = true;
      const files = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
      // One that is too large would be sent for nothing.
      const most = Number(form.querySelector("input[type=file]").dataset.most);
      const large = files.find((file) => file.size > most);
      if (large) {
        event.preventDefault();
        sending = false;
        words.textContent = `“${large.name}” is too large: please leave it out, or send a part of it.`;
        form.querySelector("input[type=file]").focus();
        return;
      }
      if (plain || files.length === 0) return;
      event.preventDefault();
      const sent = new FormData(form);
      button.disabled = true;
      box.hidden = false;
      bar.value = 0;
      words.textContent = "";

      const request = new XMLHttpRequest();
      request.open("POST", form.getAttribute("action"));
      request.upload.addEventListener("progress", (e) => {
        if (!e.lengthComputable) return;
        const percent = Math.floor((100 * e.loaded) / e.total);
        bar.value = percent;
        words.textContent = percent < 100 ? `${percent} % sent` : "All sent; one moment…";
      });
      request.addEventListener("load", () => show(request.responseText));
      request.addEventListener("error", () => {
        // The next attempt is the browser's own. Sent twice, the report still counts once.
        plain = true;
        sending = false;
        button.disabled = false;
        box.hidden = true;
        words.textContent = "Sending broke off. Nothing is lost: please send it again.";
      });
      request.send(sent);
    });

    // Back from another page: the form may be sent again.
    window.addEventListener("pageshow", () => {
      sending = false;
      button.disabled = false;
    });
  }

  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    document.title = page.title;
    document.body.replaceWith(document.adoptNode(page.body));
    attach();
    const first = document.getElementById("faults") || document.getElementById("main");
    if (first) first.focus();
    window.scrollTo(0, 0);
  }

  attach();
})();
