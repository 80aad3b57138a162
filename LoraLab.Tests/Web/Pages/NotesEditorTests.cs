using Bunit;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Components;
using Microsoft.AspNetCore.Components.Routing;
using MudBlazor;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>Notes that are not saved yet: nothing that was typed is lost.</summary>
public sealed class NotesEditorTests : PageTest
{
    private string? _saved;
    private string? _refusal;

    [Fact]
    public void Text_LongerThanAllowed_IsKeptWithASentence()
    {
        IRenderedComponent<NotesEditor> editor = RenderEditor();
        string text = new('x', 100_000);

        Find(editor, "notes").Input(text);

        Assert.Contains(
            "The notes have 100,000 characters; at most 20,000 can be saved.",
            Find(editor, "notes-error").TextContent,
            StringComparison.Ordinal);
        Assert.Equal(text, Find(editor, "notes").GetAttribute("value"));
        Assert.Null(Find(editor, "notes").GetAttribute("maxlength"));
        Assert.True(Find(editor, "save-notes").HasAttribute("disabled"));
    }

    [Fact]
    public void Save_Refused_ShowsTheSentenceAndKeepsTheText()
    {
        IRenderedComponent<NotesEditor> editor = RenderEditor();
        _refusal = "The disk is full.";

        Find(editor, "notes").Input("Learns slowly.");
        Find(editor, "save-notes").Click();

        editor.WaitForAssertion(() => Assert.Equal("The disk is full.", Find(editor, "notes-error").TextContent));
        Assert.Equal("Learns slowly.", _saved);
        Assert.Equal("Learns slowly.", Find(editor, "notes").GetAttribute("value"));
        Find(editor, "unsaved");
    }

    [Fact]
    public async Task Leave_WithUnsavedNotes_AsksAndStays()
    {
        Navigation.NavigateTo("runs/1?tab=notes");
        IRenderedComponent<MudDialogProvider> dialogs = Render<MudDialogProvider>();
        IRenderedComponent<NotesEditor> editor = RenderEditor();
        Assert.False(editor.FindComponent<NavigationLock>().Instance.ConfirmExternalNavigation);
        Find(editor, "notes").Input("Learns slowly.");
        Assert.True(editor.FindComponent<NavigationLock>().Instance.ConfirmExternalNavigation);

        await editor.InvokeAsync(() => Navigation.NavigateTo("runs"));
        dialogs.WaitForAssertion(() => Assert.Contains("Leave without saving the notes?", dialogs.Markup, StringComparison.Ordinal));
        dialogs.FindAll("button").First(button => button.TextContent.Contains("Go back", StringComparison.Ordinal)).Click();
        dialogs.WaitForAssertion(() => Assert.DoesNotContain("Leave without saving", dialogs.Markup, StringComparison.Ordinal));
        Assert.EndsWith("runs/1?tab=notes", Navigation.Uri, StringComparison.Ordinal);
        Assert.Equal("Learns slowly.", Find(editor, "notes").GetAttribute("value"));
    }

    [Fact]
    public async Task Leave_WithUnsavedNotesOnceConfirmed_Leaves()
    {
        Navigation.NavigateTo("runs/1?tab=notes");
        IRenderedComponent<MudDialogProvider> dialogs = Render<MudDialogProvider>();
        IRenderedComponent<NotesEditor> editor = RenderEditor();
        Find(editor, "notes").Input("Learns slowly.");

        await editor.InvokeAsync(() => Navigation.NavigateTo("runs"));
        dialogs.WaitForAssertion(() => Find(dialogs, "confirm"));
        Find(dialogs, "confirm").Click();

        // Leaving renders nothing here, so that no rendering would repeat an assertion.
        await ProcessWait.UntilAsync(() => Navigation.Uri.EndsWith("/runs", StringComparison.Ordinal), DefaultWaitTimeout);
    }

    [Fact]
    public void Leave_AfterDiscarding_DoesNotAsk()
    {
        Navigation.NavigateTo("runs/1?tab=notes");
        IRenderedComponent<NotesEditor> editor = RenderEditor();
        Find(editor, "notes").Input("Learns slowly.");

        Find(editor, "discard-notes").Click();
        Navigation.NavigateTo("runs");

        Assert.EndsWith("/runs", Navigation.Uri, StringComparison.Ordinal);
        Assert.Equal("Learns fast.", Find(editor, "notes").GetAttribute("value"));
    }

    [Fact]
    public void Rename_TooLongOrRefused_SaysSoInTheFieldAndKeepsTheName()
    {
        string? asked = null;
        string? refusal = "name is taken.";
        IRenderedComponent<EditableName> name = Render<EditableName>(parameters => parameters
            .Add(field => field.Name, "warm lion").Add(field => field.Kind, "run").Add(field => field.MaxLength, TextLimits.Name)
            .Add(field => field.ChildContent, "<b>warm lion</b>").Add(field => field.OnRename, typed =>
            {
                asked = typed;
                return Task.FromResult<string?>(refusal);
            }));
        Find(name, "rename").Click();

        Find(name, "rename-input").Input(new string('x', 201));
        Find(name, "rename-input").KeyDown("Enter");
        Assert.Equal("The name has 201 characters; at most 200 are allowed.", Find(name, "rename-error").TextContent);
        Assert.Null(asked);

        Find(name, "rename-input").Input("calm cat");
        Find(name, "rename-input").KeyDown("Enter");
        Assert.Equal(("calm cat", "name is taken."), (asked, Find(name, "rename-error").TextContent));
        Assert.Equal("calm cat", Find(name, "rename-input").GetAttribute("value"));

        refusal = null;
        Find(name, "rename-input").KeyDown("Enter");
        Assert.Empty(FindAll(name, "rename-input"));
    }

    /// <summary>The input is gone then, and with it the place in the page of whoever uses the keyboard.</summary>
    [Theory]
    [InlineData("Enter")]
    [InlineData("Escape")]
    public void Rename_EndedByKeyboard_ReturnsTheFocusToItsButton(string key)
    {
        IRenderedComponent<EditableName> name = Render<EditableName>(parameters => parameters
            .Add(field => field.Name, "warm lion").Add(field => field.Kind, "run").Add(field => field.MaxLength, TextLimits.Name)
            .Add(field => field.ChildContent, "<b>warm lion</b>").Add(field => field.OnRename, _ => Task.FromResult<string?>(null)));
        Find(name, "rename").Click();
        Find(name, "rename-input").Input("calm cat");

        Find(name, "rename-input").KeyDown(key);

        Assert.Empty(FindAll(name, "rename-input"));
        Assert.Equal(2, JSInterop.VerifyFocusAsyncInvoke(calledTimes: 2).Count);
    }

    private IRenderedComponent<NotesEditor> RenderEditor() => Render<NotesEditor>(parameters => parameters
        .Add(editor => editor.Notes, "Learns fast.").Add(editor => editor.OnSave, text =>
        {
            _saved = text;
            return Task.FromResult<string?>(_refusal);
        }));
}
