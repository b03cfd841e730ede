// A page of Nightshift in Airflow's UI: the host renders this component, which shows a fragment of HTML from the plugin.
// It is fetched anew when the reader changes the UI's language or colours, which the UI writes on the document's element.
const chosen = () => {
  const lang = localStorage.getItem("i18nextLng") || navigator.language;
  return `lang=${lang}&theme=${document.documentElement.classList.contains("dark") ? "dark" : "light"}`;
};
globalThis.AirflowPlugin = function NightshiftPage({ dagId, runId }) {
  const [html, show] = React.useState("");
  const [choice, choose] = React.useState(chosen);
  React.useEffect(() => {
    const watch = new MutationObserver(() => choose(chosen()));
    watch.observe(document.documentElement, { attributeFilter: ["lang", "class"] });
    return () => watch.disconnect();
  }, []);
  React.useEffect(() => {
    const abort = new AbortController();
    const query = new URLSearchParams(choice);
    const failed = query.get("lang").toLowerCase().startsWith("pt")
      ? "O servidor web do Airflow não respondeu; recarregue a página, e depois veja o log dele."
      : "Airflow's web server did not answer; reload the page, then read its log.";
    if (dagId) query.set("dag_id", dagId);
    if (runId) query.set("run_id", runId);
    const address = new URL(`nightshift/fragment/@NAME@?${query}`, document.baseURI);
    fetch(address, { credentials: "same-origin", signal: abort.signal })
      .then(async (answer) => {
        const isOurs = answer.status < 500 && (answer.headers.get("Content-Type") || "").startsWith("text/html");
        show(isOurs ? await answer.text() : `<p role="alert">${failed} (${answer.status})</p>`);
      })
      .catch((error) => error.name === "AbortError" || show(`<p role="alert">${failed}</p>`));
    return () => abort.abort();
  }, [dagId, runId, choice]);
  return React.createElement("div", { className: "ns-host", dangerouslySetInnerHTML: { __html: html } });
};
