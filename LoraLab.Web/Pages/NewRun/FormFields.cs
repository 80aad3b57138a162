using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>The fields of the specification in the forms: plain inputs by group, and labels and help of the forms' own controls.</summary>
internal static class FormFields
{
    internal static IReadOnlyList<FormField> Data { get; } = Plain(SpecGroup.Data);

    internal static IReadOnlyList<FormField> Adapter { get; } = Plain(SpecGroup.Method);

    internal static IReadOnlyList<FormField> Optimization { get; } = Plain(SpecGroup.Optimization);

    internal static IReadOnlyList<FormField> Evaluation { get; } = Plain(SpecGroup.Evaluation);

    internal static IReadOnlyList<FormField> Identity { get; } = Plain(SpecGroup.Identity);

    /// <summary>A field by its JSON name.</summary>
    internal static FormField Of(string name) => FormField.From(SpecFieldCatalog.Default[name]);

    /// <summary>The fields of a group that have a plain input, advanced ones last.</summary>
    /// <param name="group">The group.</param>
    /// <param name="catalog">The fields of the specification; null: those of <see cref="RunSpec"/>.</param>
    internal static IReadOnlyList<FormField> Plain(SpecGroup group, SpecFieldCatalog? catalog = null) =>
    [
        .. (catalog ?? SpecFieldCatalog.Default).In(group)
            .Where(field => !field.Attribute.OwnControl)
            .OrderBy(field => field.Attribute.Advanced)
            .Select(FormField.From),
    ];

    /// <summary>The fields that are not set by every study itself.</summary>
    internal static IReadOnlyList<FormField> WithoutSetByStudy(IEnumerable<FormField> fields) =>
        [.. fields.Where(field => SpecFieldCatalog.Default[field.Name].Attribute.SetByStudy is null)];

    /// <summary>JSON names of the fields offered for a search or a grid: learning rates, fields with plain inputs, others.</summary>
    /// <param name="catalog">The fields of the specification.</param>
    /// <param name="groups">The groups.</param>
    internal static IEnumerable<string> Searchable(SpecFieldCatalog catalog, params IReadOnlyList<SpecGroup> groups) =>
        groups.SelectMany(catalog.In)
            .Where(field => field.NotSearched is null)
            .OrderByDescending(field => field.Has(SpecRoles.LearningRate))
            .ThenBy(field => field.Attribute.OwnControl)
            .Select(field => field.Name);
}
