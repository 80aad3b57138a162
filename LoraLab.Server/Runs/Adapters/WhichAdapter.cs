using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Runs.Adapters;

/// <summary>The parameter <c>which</c> of routes that concern an adapter.</summary>
internal static class WhichAdapter
{
    public const string Last = "last";

    public const string Best = "best";

    /// <summary>Null if the parameter is not given.</summary>
    /// <exception cref="ApiFailure">It is neither of the two.</exception>
    public static AdapterChoice? Parse(string? which) => which switch
    {
        null => null,
        Last => AdapterChoice.Last,
        Best => AdapterChoice.Best,
        _ => throw ApiFailure.Invalid("which", $"which is \"{ApiFailure.Shorten(which)}\"; it must be {Last} or {Best}."),
    };

    /// <summary>Name of a zip of an adapter, for example <c>warm-lion-2bz4ktn800-best-adapter.zip</c>.</summary>
    /// <param name="run">The run.</param>
    /// <param name="which">Which of its adapters.</param>
    /// <param name="what">What the zip has of it.</param>
    public static string FileName(RunDocument run, AdapterChoice which, string what) =>
        FileNames.Of("zip", FileNames.Part(run.Name), run.Id, which == AdapterChoice.Best ? Best : "", what);
}
