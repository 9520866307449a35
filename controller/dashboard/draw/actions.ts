/** What a reader does in the list of nodes. */
export interface NodeListActions {
  openNode(id: string): void;
  /** Opens or closes a site. */
  toggleSite(site: string): void;
  showMore(site: string): void;
  clearFilter(): void;
}
