using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Studies;

/// <summary>What the parts of the form share: the plan, what it stands on, the server's sentences about it, and whom to tell of a change.</summary>
public sealed class StudyFormContext
{
    private readonly Action _changed;

    internal StudyFormContext(StudyForm form, Action changed)
    {
        Form = form;
        Protocol = new SpecFormContext(form.Protocol, changed);
        _changed = changed;
    }

    internal StudyForm Form { get; }

    /// <summary>The shared protocol, for the parts of a run's form.</summary>
    internal SpecFormContext Protocol { get; }

    /// <summary>The template as the server completes it; null: the plan has none, or it cannot be completed.</summary>
    internal StudyPlan? Ground { get; set; }

    internal StudyErrors Errors { get; private set; } = StudyErrors.None;

    internal void Take(StudyErrors errors)
    {
        Errors = errors;
        Protocol.AllErrors = errors.OfProtocol();
    }

    internal void Changed() => _changed();
}
