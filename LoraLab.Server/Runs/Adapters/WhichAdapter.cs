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
}
