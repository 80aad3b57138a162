namespace LoraLab.Training.Files.Catalog;

/// <summary>What is known of a downloaded revision.</summary>
/// <param name="Repository"><c>owner/name</c>.</param>
/// <param name="Revision">Branch, tag or commit that was requested.</param>
/// <param name="Commit">Its commit when it was downloaded.</param>
/// <param name="Endpoint">Address of the hub.</param>
internal sealed record RevisionRecord(string Repository, string Revision, string Commit, string Endpoint);
