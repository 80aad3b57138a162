namespace LoraLab.Web.Pages.Catalog;

/// <summary>How the browser's own request with files ended.</summary>
/// <param name="Status">Status of the response; 0: there was none.</param>
/// <param name="Body">Its body.</param>
/// <param name="Aborted">Whether the user stopped it.</param>
public sealed record SentUpload(int Status, string Body, bool Aborted);
