// A page by itself was opened by a link of a task: shown again in the language that its reader has in Airflow's UI.
const here = new URL(location.href), chosen = localStorage.getItem("i18nextLng");
if (chosen && !here.searchParams.has("lang")) {
  here.searchParams.set("lang", chosen);
  const said = document.documentElement.lang.startsWith("pt");
  if (chosen.toLowerCase().startsWith("pt") !== said) location.replace(here);
}
