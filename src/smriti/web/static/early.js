// Runs before any module is there: asks for what the first view will show. `fetched` in api.js takes each answer once.
{
  const talk = /^#\/c\/([^/?]+)/.exec(location.hash)?.[1];
  const first = ["", "/messages?inactive=true&limit=30", "/turns?limit=30"].map((rest) => `/conversations/${talk}${rest}`);
  const paths = ["/auth/me", "/agents", "/conversations/?limit=50", ...(talk ? first : [])];
  /** Read to its end, so that who takes it need not wait. @param {string} path */
  const asked = async (path) => {
    const answer = await fetch(path);
    const text = await answer.text();
    return Object.assign(answer, { json: async () => JSON.parse(text) });
  };
  const early = new Map(paths.map((path) => [path, asked(path)]));
  for (const answer of early.values()) answer.catch(() => {}); // who takes it hears of it
  /** @type {any} */ (window).early = early;
}
