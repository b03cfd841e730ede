// A page of Nightshift in Airflow's UI: the host renders this component, which shows a fragment of HTML from the plugin.
globalThis.AirflowPlugin = function NightshiftPage({ dagId, runId }) {
  const [html, show] = React.useState("");
  React.useEffect(() => {
    const abort = new AbortController();
    const query = new URLSearchParams({ lang: localStorage.getItem("i18nextLng") || navigator.language });
    if (dagId) query.set("dag_id", dagId);
    if (runId) query.set("run_id", runId);
    const address = new URL(`nightshift/fragment/@NAME@?${query}`, document.baseURI);
    fetch(address, { credentials: "same-origin", signal: abort.signal })
      .then(async (answer) => show(answer.ok ? await answer.text() : `<p>Nightshift: ${answer.status}</p>`))
      .catch((error) => error.name === "AbortError" || show("<p>Nightshift: no answer</p>"));
    return () => abort.abort();
  }, [dagId, runId]);
  return React.createElement("div", { className: "ns-host", dangerouslySetInnerHTML: { __html: html } });
};
