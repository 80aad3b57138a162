using System.ComponentModel.DataAnnotations;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Filters;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Mvc;

namespace LoraLab.Server.Runs;

/// <summary>Which runs a list has, and in which order: the query parameters that every route with a list of runs takes.</summary>
internal sealed record RunListParameters
{
    [FromQuery(Name = "sort")]
    public string? Sort { get; init; }

    [FromQuery(Name = "state")]
    public string? State { get; init; }

    [FromQuery(Name = "method")]
    public string? Method { get; init; }

    [FromQuery(Name = "tag")]
    public string? Tag { get; init; }

    [FromQuery(Name = "study")]
    public string? Study { get; init; }

    [FromQuery(Name = "sweep")]
    public string? Sweep { get; init; }

    [FromQuery(Name = "q")]
    public string? Q { get; init; }

    [FromQuery(Name = "filter")]
    [StringLength(RunFilterText.MaximumLength)]
    public string? Filter { get; init; }

    /// <summary>The order.</summary>
    /// <exception cref="ApiFailure">A field is unknown.</exception>
    public RunSort ToSort() => RunSort.Parse(Sort, out string? problem)
        ?? throw ApiFailure.Invalid(
            "sort",
            $"{problem}; use, separated by commas and prefixed with - for descending, one of "
                + $"{string.Join(", ", RunSort.FieldNames)}, or another field of the specification or the summary.");

    /// <summary>The condition on runs.</summary>
    /// <exception cref="ApiFailure">A state is unknown, or the filter cannot be read.</exception>
    public RunFilter ToFilter() => new()
    {
        States = ParseStates(State),
        Methods = ParseList(Method),
        Tags = ParseList(Tag),
        StudyId = Study,
        SweepId = Sweep,
        Text = Q,
        Condition = ParseFilter(Filter),
    };

    private static RunCondition? ParseFilter(string? filter)
    {
        try
        {
            return RunFilterText.Parse(filter);
        }
        catch (FilterException wrong)
        {
            throw ApiFailure.Invalid("filter", $"The filter is wrong. {wrong.Sentence}");
        }
    }

    private static HashSet<string>? ParseList(string? list) =>
        string.IsNullOrWhiteSpace(list)
            ? null
            : [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static HashSet<RunState>? ParseStates(string? list) => ParseList(list)?.Select(word =>
        Enum.TryParse(word, ignoreCase: true, out RunState state) && !char.IsDigit(word[0]) && word[0] != '-'
            ? state
            : throw ApiFailure.Invalid("state", $"Unknown state '{word}'; "
                + $"use one of {string.Join(", ", Enum.GetNames<RunState>().Select(name => name.ToLowerInvariant()))}.")).ToHashSet();
}
