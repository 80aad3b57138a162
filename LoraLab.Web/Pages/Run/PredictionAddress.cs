namespace LoraLab.Web.Pages.Run;

/// <summary>
/// What the page's address says about the predictions. The page reads it for the tab: a component that appears while an address is read
/// cannot read it itself.
/// </summary>
/// <param name="Step">A step, <c>best</c>, or null for the last one.</param>
/// <param name="Show"><c>wrong</c>, <c>right</c>, <c>confident</c> or <c>flipped</c> omits the other rows.</param>
/// <param name="Label">True label of the rows; null: any.</param>
/// <param name="Predicted">Predicted label of the rows; null: any.</param>
/// <param name="Text">Text in the rows.</param>
/// <param name="Sort">Order of the rows.</param>
/// <param name="At">First row of the page.</param>
/// <param name="Row">The row whose details are shown.</param>
public sealed record PredictionAddress(
    string? Step = null,
    string? Show = null,
    string? Label = null,
    string? Predicted = null,
    string? Text = null,
    string? Sort = null,
    string? At = null,
    string? Row = null);
