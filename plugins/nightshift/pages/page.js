"use strict";
(() => {
  const root = document.documentElement;
  const remembered = key => { try { return localStorage.getItem(key); } catch { return null; } };
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* a page from disk may not */ } };
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Every text with English beside it is Portuguese first; the two are exchanged.
  const speak = language => {
    const english = language === "en";
    root.lang = english ? "en" : "pt-BR";
    for (const node of all("[data-en]")) {
      node.dataset.pt ??= node.textContent;
      node.textContent = english ? node.dataset.en : node.dataset.pt;
    }
    for (const button of all("[data-language]"))
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
  };
  for (const button of all("[data-language]"))
    button.addEventListener("click", () => { remember("nightshift-language", button.dataset.language); speak(button.dataset.language); });
  const wanted = new URLSearchParams(location.search);
  const chosen = wanted.get("lang") || remembered("nightshift-language") || navigator.language;
  speak(/^pt/i.test(chosen) ? "pt" : "en");

  const paint = theme => {
    if (theme) root.dataset.theme = theme;
    for (const button of all("[data-theme-set]"))
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === (theme || "")));
  };
  for (const button of all("[data-theme-set]"))
    button.addEventListener("click", () => { delete root.dataset.theme; remember("nightshift-theme", button.dataset.themeSet); paint(button.dataset.themeSet); });
  paint(wanted.get("theme") || remembered("nightshift-theme") || "");

  // A table as CSV: the plain values behind what is shown; in Portuguese with semicolons and decimal commas.
  const cell = (node, comma) => {
    const [data, ...more] = all("data[value]", node);
    let text = more.length ? [data, ...more].map(each => each.value).join(" ") : data ? data.value : node.textContent.trim().replace(/\s+/g, " ");
    if (data && comma && /^-?\d+\.\d+$/.test(text)) text = text.replace(".", ",");
    if (!data && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[";,\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  for (const button of all("[data-csv]"))
    button.addEventListener("click", () => {
      const comma = root.lang !== "en";
      const rows = all("tr", document.getElementById(button.dataset.csv));
      const lines = rows.map(row => [...row.cells].map(node => cell(node, comma)).join(comma ? ";" : ","));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" }));
      link.download = `${button.dataset.csv}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });

  for (const select of all("select[data-choose]")) {
    const choose = () => {
      for (const panel of all(`[data-panel="${select.dataset.choose}"]`)) panel.hidden = panel.dataset.key !== select.value;
    };
    select.addEventListener("change", choose);
    choose();
  }

  // The commonest words, with or without those that every text has.
  for (const box of all("input[data-stop-words]")) {
    const table = document.getElementById(box.dataset.stopWords), rows = all("tr[data-word]", table);
    const show = () => {
      table.classList.toggle("all", box.checked);
      let left = Number(box.dataset.most);
      for (const row of rows) row.hidden = (!box.checked && row.dataset.word === "stop") || left-- <= 0;
    };
    box.addEventListener("change", show);
    show();
  }
  // What scrolls is named by its card's heading, in either language.
  for (const [n, part] of all(".scroll, .flow").entries()) {
    const heading = part.closest(".card")?.querySelector("h3");
    if (!heading) continue;
    heading.id ||= `heading-${n}`;
    part.setAttribute("role", "group");
    part.setAttribute("aria-labelledby", heading.id);
  }

  // A table with more columns than a sheet has room for is printed in parts below each other, each with its first column.
  const ROOM = 140, WORD = 8; // characters of small print: of a sheet, and of what a text is broken into
  const width = (table, n) =>
    2 + Math.max(...[...table.rows].map(({ cells: { [n]: cell } }) => cell?.matches("td.num") ? cell.textContent.length : WORD));
  const parts = table => {
    const [first, ...others] = [...table.rows[0].cells].map((_, n) => width(table, n));
    const whole = others.reduce((sum, each) => sum + each, 0), wanted = Math.ceil(whole / (ROOM - first));
    let sum = 0;
    return [0, ...others.map(each => { const part = Math.floor((sum * wanted) / whole); sum += each; return part; })];
  };
  const show = (table, isShown) => {
    for (const row of table.rows) for (const [n, cell] of [...row.cells].entries()) cell.hidden = !isShown(n);
  };
  const parted = table => {
    const part = parts(table), more = Math.max(...part);
    if (!more) return () => {};
    table.dataset.parted = "";
    const copies = Array.from({ length: more }, () => table.cloneNode(true));
    for (const [k, each] of [table, ...copies].entries()) {
      if (k) each.removeAttribute("id");
      show(each, n => !n || part[n] === k);
    }
    table.after(...copies);
    return () => {
      for (const each of copies) each.remove();
      show(table, () => true);
      delete table.dataset.parted;
    };
  };

  // On paper what is folded is unfolded.
  let folded = [], undo = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const each of folded) each.open = true;
    undo = all("table:not(.dots)").map(parted);
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
    for (const each of undo) each();
    folded = undo = [];
  });
})();
