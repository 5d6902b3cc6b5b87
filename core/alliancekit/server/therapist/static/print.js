/* The print button; without this script the browser's own way to print works as well. */

const button = document.getElementById("print-go");
button.hidden = false;
button.addEventListener("click", () => print());
