using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;

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

    /// <summary>Whether its methods are compared at equal trainable parameters and at equal rank.</summary>
    bool IsFairComparison => false;

    /// <summary>The plan of a size, without name, model and dataset.</summary>
    /// <param name="size">Id of the size.</param>
    /// <param name="profile">Scale of ranks and learning rates.</param>
    /// <param name="methods">The registered methods.</param>
    StudyPlan Make(string size, ScaleProfile profile, IReadOnlyList<MethodDescriptor> methods);
}
