/** Asks the server to do something; what it has against it is shown. Resolves with whether it did. */
export async function perform(method, path, body) {
  const problem = document.getElementById('problem');
  problem.textContent = '';
  try {
    const response = await fetch(path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.ok) return true;
    problem.textContent = (await response.json()).message;
  } catch {
    problem.textContent = 'The server does not answer.';
  }
  return false;
}
