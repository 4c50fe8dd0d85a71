import { type ComponentType, lazy } from 'react';

/** In the order of the sidebar. `path` is below the path of the page, and those of its views (`hasViews`) are below it. Later sections are lines here. */
export const SECTIONS = [
  { name: 'overview', path: '', hasBar: true, hasViews: false },
  { name: 'explore', path: 'explore', hasBar: true, hasViews: false },
  { name: 'projects', path: 'projects', hasBar: true, hasViews: false },
  { name: 'budgets', path: 'budgets', hasBar: true, hasViews: true },
  { name: 'plan', path: 'plan', hasBar: true, hasViews: false },
  { name: 'statements', path: 'statements', hasBar: false, hasViews: true },
] as const;
export type Section = (typeof SECTIONS)[number];
export type SectionName = Section['name'];

/** Each section is a separate file, loaded when it is opened. */
export const SECTION_PAGES: Record<SectionName, ComponentType> = {
  overview: lazy(() => import('./sections/overview/OverviewPage')),
  explore: lazy(() => import('./sections/explore/ExplorePage')),
  projects: lazy(() => import('./sections/projects/ProjectsPage')),
  budgets: lazy(() => import('./sections/budgets/BudgetsPage')),
  plan: lazy(() => import('./sections/plan/PlanPage')),
  statements: lazy(() => import('./sections/statements/StatementsPage')),
};
export const ProjectPage: ComponentType = lazy(() => import('./sections/projects/ProjectPage'));

/** Loads the section of an address before it is rendered, while the login runs. */
export function preloadSection(path: string): void {
  const section = sectionAt(path);
  if (section?.name === 'overview') {
    void import('./sections/overview/OverviewPage');
  } else if (section?.name === 'projects') {
    void import('./sections/projects/ProjectsPage');
  }
}

/** The section of a path below the path of the page: "projects/acme-web". Undefined if there is none. */
export function sectionAt(path: string): Section | undefined {
  const first = path.split('/')[0] ?? '';
  return SECTIONS.find((section) => section.path === first);
}
