using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Catalog;

/// <summary>A model or dataset to download.</summary>
public sealed record PullRequest
{
    /// <summary>Maximum number of characters of name and revision.</summary>
    public const int MaximumText = 200;

    /// <summary>Name of the model on the hub, <c>owner/name</c>, or of a published dataset.</summary>
    [StringLength(MaximumText, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>Branch, tag or commit; null: the default branch.</summary>
    [StringLength(MaximumText, MinimumLength = 1)]
    public string? Revision { get; init; }
}
