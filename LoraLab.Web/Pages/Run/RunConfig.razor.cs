using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Components;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Run;

/// <summary>The effective configuration, taken from the stored run alone.</summary>
public sealed partial class RunConfig
{
    private static readonly JsonObject _defaults = SpecFieldCatalog.Default.Defaults;

    /// <summary>The groups of the form, without name and priority, which the page shows elsewhere.</summary>
    private static readonly IReadOnlyList<IGrouping<SpecGroup, SpecFieldDescriptor>> _groups =
    [
        .. SpecFieldCatalog.Default.Fields.Where(field => field.Group != SpecGroup.Identity)
            .GroupBy(field => field.Group).OrderBy(group => group.Key),
    ];

    private JsonObject _spec = [];
    private string _json = "";

    [Parameter, EditorRequired]
    public RunDocument Run { get; set; } = null!;

    private MethodDescriptor? Method => Catalog.Method(Run.Spec.Method);

    protected override void OnParametersSet()
    {
        _spec = SpecFieldCatalog.ToJson(Run.Spec);
        _json = JsonSerializer.Serialize(Run.Spec, ContractJson.Indented);
    }

    private static string Counts(IReadOnlyDictionary<string, int> counts) =>
        string.Join(", ", counts.Select(count => $"{count.Key} {Format.Count(count.Value)}"));

    private static string Passes(RunEnvironment environment) => environment.MicroBatch == 1
        ? "One sentence per pass (reference path)"
        : $"Packed, up to {NumberFormat.Count(environment.MicroBatch, "sentence")}"
            + (environment.PackTokens is int tokens ? $" and {Format.Count(tokens)} tokens" : "")
            + " per pass"
            + (environment.SharedPrefix ? ", common prefix computed once" : "");

    private string Text(string field) => Text(_spec[field]);

    private static string Text(JsonNode? value) => value is null ? "null" : JsonFormat.Show(value);

    private string Precision(RunEnvironment environment) =>
        environment.Precision.ToString().ToLowerInvariant() + (Method?.TrainsWeights == true
            ? " weights, trained in fp32"
            : " base weights, fp32 adapters");

    private string? Note(string field) => !IsUsed(field) ? $"means nothing to {Catalog.MethodName(Run.Spec.Method)}"
        : IsDefault(field) ? null
        : $"default {Text(_defaults[field])}";

    private bool IsUsed(string field) => Method?.Uses(field) != false;

    private bool IsDefault(string field) => JsonNode.DeepEquals(_spec[field], _defaults[field]);
}
