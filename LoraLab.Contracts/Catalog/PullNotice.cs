namespace LoraLab.Contracts.Catalog;

/// <summary>Notification that a download has changed.</summary>
/// <param name="Pull">The download; null: it was forgotten.</param>
/// <param name="Id">Its id.</param>
public sealed record PullNotice(PullDocument? Pull, string Id);
