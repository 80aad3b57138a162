using System.Text.Json.Nodes;

namespace LoraLab.Server.Library.Uploads;

/// <summary>A received upload: its files are on disk.</summary>
internal sealed record UploadParts
{
    public const int DefaultSeed = 42;

    /// <summary>Name of the dataset; empty: not sent.</summary>
    public string Name { get; init; } = "";

    /// <summary>The training file: its name on disk and as it was sent.</summary>
    public (string Stored, string Sent)? Train { get; init; }

    /// <summary>The evaluation file.</summary>
    public (string Stored, string Sent)? Eval { get; init; }

    public JsonObject? Manifest { get; init; }

    public int Seed { get; init; } = DefaultSeed;

    public string? Model { get; init; }

    public long Bytes { get; init; }
}
