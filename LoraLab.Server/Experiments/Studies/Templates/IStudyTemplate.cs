using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Server.Experiments.Studies.Templates;

/// <summary>
/// A built-in study. To add one, add a class like <see cref="BetterCallLora"/> and a line in <see cref="StudyTemplates"/>.
/// </summary>
internal interface IStudyTemplate
{
    string Id { get; }

    string Title { get; }

    string Description { get; }

    /// <summary>Ids and descriptions of its sizes.</summary>
    IReadOnlyList<(string Id, string Description)> Sizes { get; }

    /// <summary>The plan of a size, without name, model and dataset.</summary>
    StudyPlan Make(string size, ScaleProfile profile);
}
