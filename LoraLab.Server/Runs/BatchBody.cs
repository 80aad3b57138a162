using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Runs;

/// <summary>Reads the body of <c>/runs:batch</c>: the specifications as they were sent, which the trainer checks.</summary>
internal static class BatchBody
{
    private const string Runs = "runs";

    /// <summary>The specifications.</summary>
    /// <exception cref="ApiFailure">The body has no list of objects, one that is too long, or other members.</exception>
    public static IReadOnlyList<JsonObject> Read(JsonObject body)
    {
        if (body.Select(member => member.Key).FirstOrDefault(name => name != Runs) is { } unknown)
        {
            throw ApiFailure.Malformed($"'{ApiFailure.Shorten(unknown)}' is not a known member of this body; known is {Runs}.");
        }

        if (body[Runs] is not JsonArray { Count: > 0 } list)
        {
            throw ApiFailure.Invalid(Runs, "runs must be a list of at least one run specification.");
        }

        if (list.Count > BatchRequest.MaximumRuns)
        {
            throw ApiFailure.Invalid(
                Runs, $"runs has {NumberFormat.Count(list.Count)} specifications; at most {BatchRequest.MaximumRuns} are queued at once.");
        }

        ApiFailure.ThrowIfAny(
        [
            .. list.Select((spec, i) => (spec, i)).Where(item => item.spec is not JsonObject).Select(item => new FieldError(
                BatchRequest.ErrorKey(item.i, null), $"{BatchRequest.ErrorKey(item.i, null)} must be an object, a run specification.")),
        ]);
        return [.. list.Select(spec => spec!.AsObject())];
    }
}
