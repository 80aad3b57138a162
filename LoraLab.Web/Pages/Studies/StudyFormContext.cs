using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Studies;

/// <summary>
/// State shared by the parts of the form: the plan, its defaults, the server's validation errors and the change callback.
/// </summary>
public sealed class StudyFormContext
{
    private readonly Action _changed;

    internal StudyFormContext(StudyForm form, Action changed, Func<string, DatasetEntry?> dataset)
    {
        Form = form;
        Protocol = new SpecFormContext(form.Protocol, changed) { Dataset = () => dataset(form.Dataset) };
        _changed = changed;
    }

    internal StudyForm Form { get; }

    /// <summary>The shared protocol, for the components of the run form.</summary>
    internal SpecFormContext Protocol { get; }

    /// <summary>The template as completed by the server; null: the plan has no template, or it cannot be completed.</summary>
    internal StudyPlan? Defaults { get; set; }

    internal StudyErrors Errors { get; private set; } = StudyErrors.None;

    internal void SetErrors(StudyErrors errors)
    {
        Errors = errors;
        Protocol.AllErrors = errors.ForProtocol();
    }

    internal void Changed() => _changed();
}
