using System.Reflection;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Hosting;
using LoraLab.Server.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Cli;
using LoraLab.Training.Specs;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Web.Pages.NewRun;
using LoraLab.Web.Pages.Studies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Xunit;

namespace LoraLab.Tests.Training.Specs;

/// <summary>A field is described once: one that a test adds is found in everything that is derived from the fields.</summary>
public sealed class SpecFieldTests
{
    private static readonly SpecFieldCatalog _catalog = SpecFieldCatalog.Of(typeof(ProbeSpec));

    [Theory]
    [InlineData(typeof(UndescribedSpec))]
    [InlineData(typeof(BareSpec))]
    public void Catalog_FieldWithoutRoleOrTexts_IsRefusedByName(Type type)
    {
        string message = Assert.Throws<InvalidOperationException>(() => SpecFieldCatalog.Of(type)).Message;

        Assert.Contains($"{type.Name}.Probe has no complete description", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Catalog_EveryField_IsDescribedInSentencesThatFitATable()
    {
        Assert.All(SpecFieldCatalog.Default.Fields, field =>
        {
            Assert.NotEqual(SpecRoles.None, field.Roles);
            Assert.NotEmpty(field.Attribute.Label);
            Assert.EndsWith(".", field.Attribute.Help, StringComparison.Ordinal);
            Assert.DoesNotContain('|', field.Attribute.Label);
        });
    }

    [Fact]
    public void Catalog_Nullability_IsThatOfTheDeclarations()
    {
        NullabilityInfoContext declared = new();

        Assert.All(SpecFieldCatalog.Default.Fields, field =>
            Assert.True(
                field.IsNullable == (declared.Create(field.Property).WriteState == NullabilityState.Nullable), field.Name));
    }

    [Fact]
    public void Bounds_AddedField_IsCheckedByTheTrainer()
    {
        Assert.Contains(new FieldError("probe", "probe must be at least 2; it is 1."), SpecRules.Check(new ProbeSpec { Probe = 1 }));
        Assert.DoesNotContain(SpecRules.Check(new ProbeSpec()), error => error.Field == "probe");
    }

    [Fact]
    public void Form_AddedField_HasAnInput()
    {
        FormField field = Assert.Single(FormFields.Plain(SpecGroup.Optimization, _catalog), field => field.Name == "probe");

        Assert.Equal(("Probe depth (fathoms)", FieldKind.Number, "How deep the probe goes"), (field.Label, field.Kind, field.Help));
        Assert.Contains("probe", FormFields.Searchable(_catalog, SpecGroup.Optimization));
        Assert.Contains("probe", StudyForm.GridFields(_catalog));
    }

    [Fact]
    public void Estimate_AddedField_IsSentIfMemoryDependsOnIt()
    {
        JsonObject body = new() { ["probe"] = 4, ["weightDecay"] = 0.1, ["rank"] = 4 };

        Assert.Equal("""{"probe":4,"rank":4}""", EstimateRequest.Relevant(body, _catalog).ToJsonString());
    }

    [Fact]
    public async Task OpenApi_AddedField_HasItsDescriptionAndBounds()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.AddApiDescription();
        await using WebApplication app = builder.Build();
        app.MapPost("/spec", () => Results.Ok()).Accepts<RunSpec>("application/json");
        app.MapPost("/changes", () => Results.Ok()).Accepts<RunSpecChanges>("application/json");
        app.MapPost("/probe", () => Results.Ok()).Accepts<ProbeSpec>("application/json");
        app.Urls.Add("http://127.0.0.1:0");
        await app.StartAsync();

        OpenApiDocument document = await app.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>("v1").GetOpenApiDocumentAsync();

        new SpecSchema(typeof(ProbeSpec)).Describe(document);

        IOpenApiSchema probe = document.Components!.Schemas![nameof(ProbeSpec)].Properties!["probe"];
        Assert.Equal(("Probe depth", "How deep the probe goes.", "2"), (probe.Title, probe.Description, probe.Minimum));
        Assert.Equal(3, probe.Default!.GetValue<int>());
        IOpenApiSchema dropout = document.Components.Schemas[nameof(ProbeSpec)].Properties!["dropout"];
        Assert.Equal(("0", "1"), (dropout.Minimum, dropout.ExclusiveMaximum));
        Assert.Equal("Learning rate after warmup.", document.Components.Schemas[nameof(ProbeSpec)].Properties!["schedule"].Description);
    }

    [Fact]
    public void Sweep_AddedField_CanBeSearched()
    {
        SpecFields fields = new(_catalog);

        Assert.Null(fields.RefusalReason("probe", []));
        Assert.NotNull(SpecFields.Default.RefusalReason("probe", []));
        Assert.True(fields.TypeOf("probe", []).IsInteger);
        Assert.Contains("probe", fields.AffectingSteps);
        Assert.Contains("probe", fields.AffectingRows);
        Assert.Equal(3, fields.ValueIn([], "probe", [])!.GetValue<int>());
    }

    [Fact]
    public void Compare_AddedField_IsADifferenceAConditionAndAFactor()
    {
        CompareDocument compared = RunComparison.Of(
            new ComparedSelection([Run("a", new ProbeSpec()), Run("b", new ProbeSpec { Probe = 4 })], []));

        Assert.Equal("probe", Assert.Single(compared.Differences).Field);
        Assert.Equal("probe", Assert.Single(compared.Factors).Field);
        Assert.Contains(compared.Notes, note => note.StartsWith("The runs differ in probe:", StringComparison.Ordinal));
    }

    [Fact]
    public void Compare_Patterns_AreOneDifference()
    {
        RunSpec other = new() { RankPattern = new Dictionary<string, int> { ["q_proj"] = 8, ["v_proj"] = 2 }, LayersToTransform = [0] };

        CompareDocument compared = RunComparison.Of(new ComparedSelection([Run("a", new RunSpec()), Run("b", other)], []));

        Assert.Equal(["layersToTransform", "rankPattern"], compared.Differences.Select(difference => difference.Field).Order());
    }

    [Fact]
    public void Study_AddedField_CanBeInAGrid()
    {
        StudyPlan plan = new()
        {
            Seeds = [1],
            Methods = [new StudyMethod { Method = "lora", Grid = new Dictionary<string, IReadOnlyList<JsonNode>> { ["probe"] = [2, 3] } }],
        };

        Assert.Empty(StudyPlanRules.Check(plan, ["lora"], _catalog));
        Assert.NotEmpty(StudyPlanRules.Check(plan, ["lora"], SpecFieldCatalog.Default));
    }

    [Fact]
    public void Docs_AddedField_HasARow() => Assert.Contains(
        "| `probe` | Probe depth | `3` | integer; at least 2 (fathoms) | How deep the probe goes. | data, steps, memory |",
        SpecDocs.Page(_catalog),
        StringComparison.Ordinal);

    [Fact]
    public void Docs_Page_MatchesTheFields() => Assert.Equal(
        SpecDocs.Page(SpecFieldCatalog.Default), File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "specification.md")));

    [Fact]
    public void Hash_AddedField_CountsOnlyIfItIsNotTheDefault()
    {
        Assert.Equal(SpecHash.Of(new RunSpec()), SpecHash.Of(new ProbeSpec()));
        Assert.NotEqual(SpecHash.Of(new RunSpec()), SpecHash.Of(new ProbeSpec { Probe = 4 }));
    }

    private static ComparedRun Run(string id, RunSpec spec) => new(
        new RunDocument { Id = id, Name = id, Color = "#000000", Spec = spec }, null, 0, null);
}
