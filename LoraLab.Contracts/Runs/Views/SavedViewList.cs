namespace LoraLab.Contracts.Runs.Views;

/// <summary>All saved views.</summary>
/// <param name="Items">The views, by name.</param>
public sealed record SavedViewList(IReadOnlyList<SavedView> Items);
