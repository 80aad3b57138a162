using LoraLab.Files;
using LoraLab.SampleMaker;
using LoraLab.SampleMaker.Experiments;
using LoraLab.SampleMaker.Small;
using LoraLab.Training.Files.Errors;

string samples = Path.Combine(LoraLabHome.Find(), "samples");
try
{
    switch (args.FirstOrDefault() ?? "make")
    {
        case "make":
            Sample.Make(samples);
            return 0;
        case "small":
            foreach (SmallDataset dataset in SmallDataset.All(Sample.Seed))
            {
                dataset.Write(samples);
            }

            return 0;
        case "select":
            RateSelection.Run(samples);
            return 0;
        case "report":
            Report.Run(samples);
            return 0;
        default:
            Console.Error.WriteLine("Usage: make (data, tokenizer and model), small (the small datasets), select (learning rates, on the "
                + "selection split) or report (the results in README.md).");
            return 2;
    }
}
catch (RunFailure failure)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}
