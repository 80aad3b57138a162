using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Catalog;

/// <summary>Changes of an upload; null: no change. The files are read again.</summary>
public sealed record UploadPatch
{
    /// <summary>Maximum number of characters of a name.</summary>
    public const int MaximumName = 100;

    /// <summary>Name that the dataset will have.</summary>
    [StringLength(MaximumName, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>What the files mean, as in <c>dataset.json</c>; what it leaves out is found in the files.</summary>
    public JsonObject? Manifest { get; init; }

    /// <summary>Seed of the split where there is no evaluation file.</summary>
    [Range(0, int.MaxValue)]
    public int? Seed { get; init; }

    /// <summary>Model whose context the rows must fit; empty: none.</summary>
    [StringLength(PullRequest.MaximumText)]
    public string? Model { get; init; }
}
