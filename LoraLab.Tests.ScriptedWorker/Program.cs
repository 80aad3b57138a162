using LoraLab.Tests.ScriptedWorker;

// A trainer that does not train: it implements the hidden verbs like the real one and misbehaves as a test requests.
return args switch
{
    ["worker"] => ScriptedRun.Serve(),
    ["inspect"] => Inspector.Serve(),
    ["predict"] => Predictions.Serve(),
    ["doctor"] => Doctor(),
    ["pull", .., string name] => ScriptedPull.Run(name),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: worker | inspect | predict");
    return 2;
}

// Nothing is loaded, so there is no problem unless a test requests one.
static int Doctor()
{
    string? problem = Environment.GetEnvironmentVariable("SCRIPTED_DOCTOR");
    Console.WriteLine(problem is null ? "No problems found." : $"problem  {problem}");
    return problem is null ? 0 : 1;
}
