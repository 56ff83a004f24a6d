/** The page of `kindling board`, with all that it needs. */
import { script } from "kindling:board";

// A text in a script must not end it.
const safe = script.replaceAll("</script", "<\\/script");

export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Kindling board</title>
</head>
<body>
<script>${safe}</script>
</body>
</html>
`;
