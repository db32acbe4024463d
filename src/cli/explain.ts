// `explain`: the runbook, offline. A finding's page, the causes of an error message, or the catalogue.
import { CHECKS } from '../checks/index.ts';
import { nearest } from '../config/error.ts';
import { shownText } from '../core/text.ts';
import { matchErrorText } from '../facts/error-match.ts';
import { renderCatalogue, renderCatalogueJson, renderRunbook, renderRunbookJson } from '../report/explain.ts';
import { renderErrorExplanation, renderErrorExplanationJson } from '../report/explain-error.ts';
import type { Flags } from './settle.ts';
import { styleOf } from './style.ts';
import { EXIT_USAGE, type World } from './world.ts';

/** What `explain` ends with where nothing is known of a text: a script can tell. */
const EXIT_NOT_KNOWN = 1;
/** What an id looks like; everything else is the text of an error, which may hold secrets and is never repeated. */
const ID = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

export function explain(world: World, flags: Flags): number {
  const json = flags['json'] === true;
  const asked = [flags['finding']]
    .flat()
    .filter((part) => part !== undefined)
    .map(String)
    .join(' ')
    .trim();
  if (asked === '') {
    world.out(json ? renderCatalogueJson(CHECKS) : renderCatalogue(CHECKS, styleOf(world)));
    return 0;
  }
  const check = CHECKS.find(({ id }) => id === asked);
  if (check !== undefined) {
    world.out(json ? renderRunbookJson(check) : renderRunbook(check, styleOf(world)));
    return 0;
  }
  const isId = ID.test(asked);
  const ids = CHECKS.map(({ id }) => id);
  const meant = isId ? nearest(asked, ids) : null;
  const matches = meant === null ? matchErrorText(asked) : [];
  if (isId && matches.length === 0) {
    const hint = meant === null ? '' : `; did you mean ${meant}?`;
    world.err(
      `imds-probe: explain: there is no finding "${shownText(asked, 60)}"${hint} (imds-probe explain lists them)\n`,
    );
    return EXIT_USAGE;
  }
  world.out(json ? renderErrorExplanationJson(matches) : renderErrorExplanation(matches, styleOf(world)));
  return matches.length > 0 ? 0 : EXIT_NOT_KNOWN;
}
